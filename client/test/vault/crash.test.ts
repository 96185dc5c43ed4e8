import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { expect, test } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { startStoring } from './child-process.ts';
import { temporaryFolder } from './vault-fixture.ts';

const kills = 24;

test(`after kill -9 at ${kills} moments the vault opens, all of it decrypts, and nothing flushed is missing`, async () => {
  const path = join(temporaryFolder(), 'v.db');
  const keyText = generateMasterKeyText();
  let from = 0;
  let killedInRun = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = startStoring({ path, keyText, label: 'v', from });
    // The first kills come while the program starts and makes the vault, the others at any moment of the writing.
    if (kill < 4) await delay(100 + kill * 60);
    else await child.started.then(() => delay(Math.random() * 250));
    child.process.kill('SIGKILL');
    await child.ended;
    if (child.flushed() > from) killedInRun += 1;
    from = child.flushed();

    const vault = await openVault({ path, masterKey: parseMasterKey(keyText), create: true });
    const report = await vault.verify();
    expect(report).toMatchObject({ ok: true, damage: [] });
    expect(report.entries).toBeGreaterThanOrEqual(from);
    const reveal = vault.revealer();
    const tokenOf = vault.tokenOf('n');
    for (let n = 0; n < from; n++) if (reveal(tokenOf(`v.${n}`)) !== `v.${n}`) expect.fail(`value ${n} is missing`);
    await vault.close();
  }
  expect(killedInRun).toBeGreaterThanOrEqual(20);
}, 180_000);

test('two processes that write at once both get in; no value is lost or stored twice', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const keyText = generateMasterKeyText();
  // The same label: the second half of one is the first half of the other.
  const children = [
    startStoring({ path, keyText, label: 'v', from: 0, to: 60_000 }),
    startStoring({ path, keyText, label: 'v', from: 30_000, to: 90_000 }),
  ];
  for (const child of children) expect(await child.ended).toEqual({ status: 0, stderr: '' });
  const vault = await openVault({ path, masterKey: parseMasterKey(keyText) });
  expect(await vault.verify()).toMatchObject({ ok: true, entries: 90_000 });
  expect(vault.stats()).toMatchObject({ entries: 90_000 });
  const reveal = vault.revealer();
  const tokenOf = vault.tokenOf('n');
  for (let n = 0; n < 90_000; n++) if (reveal(tokenOf(`v.${n}`)) !== `v.${n}`) expect.fail(`value ${n} is missing`);
  await vault.close();
}, 120_000);

test.skipIf(process.platform === 'win32')(
  'a file that can grow no further stops the run with a clear error and leaves a vault that is whole',
  async () => {
    const path = join(temporaryFolder(), 'v.db');
    const keyText = generateMasterKeyText();
    const child = startStoring({ path, keyText, label: 'v', fileLimitKiB: 3_000 });
    const { status, stderr } = await child.ended;
    expect(status).toBe(1);
    expect(stderr).toContain(`code: 'vault-unusable'`);
    expect(child.flushed()).toBeGreaterThan(0);
    const vault = await openVault({ path, masterKey: parseMasterKey(keyText) });
    expect(await vault.verify()).toMatchObject({ ok: true });
    const known = vault.contains('n', [vault.tokenOf('n')(`v.${child.flushed() - 1}`)]);
    expect(known).toEqual([true]);
    await vault.close();
  },
  60_000,
);
