import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generateModelKeyPair } from '../../src/models/index.ts';
import { loadSettings } from '../../src/settings/index.ts';

const models = (environment: Record<string, string>) => loadSettings(environment).settings.models;

it('settings of models have defaults, and units that speak for themselves', () => {
  expect(models({})).toEqual({
    trustedKeys: '',
    pollMs: 5_000,
    scoreTimeoutMs: 5_000,
    shadowBudgetMs: 5,
    rollback: { watchMs: 600_000, minSample: 200, errorRate: 0.01, latencyFactor: 3, latencyFloorMs: 50 },
  });
  expect(models({ SDP_MODEL_TRIAL_MINUTES: '0' }).rollback.watchMs).toBe(0);
});

it('trusted keys come as they are printed, several of them, also from a file', () => {
  const keys = [generateModelKeyPair(), generateModelKeyPair()].map(({ publicKeyText }) => publicKeyText);
  expect(models({ SDP_MODEL_TRUSTED_KEYS: keys.join(', ') }).trustedKeys).toBe(keys.join(', '));
  const dir = mkdtempSync(join(tmpdir(), 'sdp-model-settings-'));
  try {
    writeFileSync(join(dir, 'keys'), `${keys.join('\n')}\n`);
    expect(models({ SDP_MODEL_TRUSTED_KEYS_FILE: join(dir, 'keys') }).trustedKeys).toBe(keys.join('\n'));
  } finally {
    rmSync(dir, { recursive: true });
  }
  for (const wrong of ['abc', `${keys[0]};${keys[1]}`, '-----BEGIN PRIVATE KEY-----']) {
    expect(() => models({ SDP_MODEL_TRUSTED_KEYS: wrong })).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.not.stringContaining(wrong) }),
    );
  }
});
