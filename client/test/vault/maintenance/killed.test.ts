import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { expect, onTestFinished, test } from 'vitest';
import { openVault } from '../../../src/vault/index.ts';
import { backupVault } from '../../../src/vault/maintenance/index.ts';
import { someValues, storeAll, temporaryFolder } from '../vault-fixture.ts';
import { filledVault } from './maintenance-fixture.ts';

/** Kills per verb; a long run sets more. */
const kills = Number(process.env['SDP_TEST_KILLS'] ?? 3);
/** Per namespace: a few commits of each verb. */
const entries = 15_000;

const keyText = generateMasterKeyText();
const masterKey = parseMasterKey(keyText);

/** Runs a verb, and kills it after some time if one is given. @returns whether it came to its end, and how long it took */
async function maintain(verb: string, path: string, other: string, killAfterMs?: number) {
  const program = join(import.meta.dirname, 'children', 'maintain.ts');
  const child = spawn(process.execPath, ['--conditions=sdp-source', program, verb, path, other], {
    env: { TEST_KEY: keyText },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  const begun = new Promise<number>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
      resolve(performance.now());
    });
  });
  const ended = once(child, 'close');
  const startedAt = await begun;
  if (killAfterMs !== undefined) {
    await delay(killAfterMs);
    child.kill('SIGKILL');
  }
  await ended;
  return { done: said.includes('done'), tookMs: performance.now() - startedAt };
}

/** The values of a vault by namespace, each found through its token, in a fixed order; fails if it isn't whole. */
async function contents(path: string, count: number, namespaces: readonly string[]): Promise<number> {
  const vault = await openVault({ path, masterKey, readOnly: true });
  try {
    expect(await vault.verify()).toMatchObject({ ok: true, damage: [] });
    let found = 0;
    for (const namespace of namespaces) {
      const tokenOf = vault.tokenOf(namespace);
      const reveal = vault.revealer([namespace]);
      for (const value of someValues(count, namespace)) if (reveal(tokenOf(value)) === value) found += 1;
    }
    return found;
  } finally {
    await vault.close();
  }
}

/** A vault to begin with, and the other file that the verb needs. */
async function prepare(verb: string) {
  const { path } = await filledVault(masterKey, entries);
  const folder = dirname(path);
  const other = join(folder, 'other');
  if (verb === 'restore') await backupVault({ vaultPath: path, masterKey, output: other });
  if (verb === 'merge') {
    const vault = await openVault({ path: other, masterKey, create: true });
    await storeAll(vault, 'c', someValues(entries, 'c'));
    await storeAll(vault, 'a', someValues(entries, 'a'));
    await vault.close();
  }
  return { path, other };
}

test.each([
  ['rekey', ['a', 'b']],
  ['retoken', ['a', 'b']],
  ['merge', ['a', 'b', 'c']],
  ['restore', ['a', 'b']],
])(
  '%s, killed at any moment, leaves a whole vault, and goes on to the same end',
  async (verb, namespaces) => {
    const { path, other } = await prepare(verb);
    const original = join(temporaryFolder(), 'original.db');
    copyFileSync(path, original);
    const restart = () => {
      for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
      copyFileSync(original, path);
      if (verb === 'retoken') for (const name of [other, `${other}.partial`]) rmSync(name, { force: true });
    };
    const { done, tookMs } = await maintain(verb, path, other);
    expect(done).toBe(true);
    expect(await contents(path, entries, namespaces)).toBe(entries * namespaces.length);
    restart();
    let killedInRun = 0;
    for (let kill = 0; kill < kills; kill++) {
      const { done: finished } = await maintain(verb, path, other, Math.random() * tookMs);
      if (!finished) killedInRun += 1;
      const vault = await openVault({ path, masterKey, readOnly: true });
      const report = await vault.verify();
      await vault.close();
      expect(report).toMatchObject({ ok: true, damage: [] });
      expect(report.entries).toBeGreaterThanOrEqual(entries * 2);
      // Every other time it goes on from where it was killed, else from the beginning.
      if (finished || kill % 2 === 1) {
        if (!finished) expect((await maintain(verb, path, other)).done).toBe(true);
        expect(await contents(path, entries, namespaces)).toBe(entries * namespaces.length);
        if (verb === 'retoken') expect(readFileSync(other, 'utf8').trimEnd().split('\n')).toHaveLength(entries * 2 + 1);
        restart();
      }
    }
    if (kills >= 10) expect(killedInRun).toBeGreaterThan(0);
    expect(existsSync(path)).toBe(true);
  },
  1_800_000,
);
