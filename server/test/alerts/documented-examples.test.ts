import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createChannel, loadAlerts } from '../../src/alerts/index.ts';
import { channelTypes } from '../../src/alerts/rules/alert-config.ts';

it('every example of docs/alerts.md can be loaded, and there is one of each channel', async () => {
  const document = readFileSync(new URL('../../../docs/alerts.md', import.meta.url), 'utf8');
  const examples = [...document.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, yaml = '']) => yaml);
  expect(examples.length).toBeGreaterThan(1);
  const folder = mkdtempSync(join(tmpdir(), 'sdp-alerts-docs-'));
  const types = new Set<string>();
  for (const yaml of examples) {
    const path = join(folder, 'alerts.yml');
    writeFileSync(path, yaml);
    const variable = (name: string) =>
      name.endsWith('_SECRET') ? Buffer.alloc(32, 1).toString('base64') : 'https://example.com/hook';
    for (const opened of loadAlerts({ path, variable }).channels) {
      types.add(opened.config.type);
      await createChannel(opened).close();
    }
  }
  rmSync(folder, { recursive: true });
  expect([...types].sort()).toEqual([...channelTypes].sort());
});
