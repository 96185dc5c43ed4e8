import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { today } from '../../../src/vault/entry-days.ts';
import { forgetEntries, sweepVault } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { someValues, temporaryFolder } from '../vault-fixture.ts';

/** A long run takes more from the environment. */
const kills = Number(process.env['SDP_TEST_KILLS'] ?? 4);

/** Runs `erase.ts` in a process of its own and kills it a while after it said a word. @returns whether it was done before */
async function killedAfter(args: readonly string[], keyText: string, word: string, waitMs: number): Promise<boolean> {
  const program = join(import.meta.dirname, '..', 'children', 'erase.ts');
  const child = spawn(process.execPath, ['--conditions=sdp-source', program, ...args], {
    env: { TEST_KEY: keyText },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  const closed = once(child, 'close');
  const said = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes(word)) resolve();
    });
  });
  await Promise.race([said, closed]);
  await Promise.race([delay(waitMs), closed]);
  child.kill('SIGKILL');
  await closed;
  return output.includes('done');
}

test(`after kill -9 at ${kills} moments of a sweep the vault is whole, and nothing else is gone`, async () => {
  const path = join(temporaryFolder(), 'v.db');
  const keyText = generateMasterKeyText();
  const masterKey = parseMasterKey(keyText);
  const vault = await openVault({ path, masterKey, create: true });
  const [kept, expiring] = [vault.tokenizer('kept'), vault.tokenizer('n', { expiresDays: 1 })];
  for (const value of someValues(1_000)) kept(value);
  for (const value of someValues(80_000)) expiring(value);
  await vault.close();
  let before = 81_000;
  let stoppedInside = 0;
  for (let kill = 0; kill < kills; kill++) {
    const done = await killedAfter(
      [path, String(today() + 1)],
      keyText,
      kill % 2 === 0 ? 'progress' : 'started',
      Math.random() * 60,
    );
    const again = await openVault({ path, masterKey });
    const report = await again.verify();
    await again.close();
    expect(report).toMatchObject({ ok: true });
    expect(report.entries).toBeLessThanOrEqual(before);
    if (report.entries < before && !done) stoppedInside += 1;
    before = report.entries;
    if (done) break;
  }
  expect(stoppedInside).toBeGreaterThan(0);
  await sweepVault({ path, masterKey }, { day: today() + 1 });
  const last = await openVault({ path, masterKey });
  expect(await last.verify()).toMatchObject({ ok: true, entries: 1_000 });
  const tokenOf = last.tokenOf('kept');
  for (const value of someValues(1_000))
    if (last.revealer()(tokenOf(value)) !== value) expect.fail('a value is missing');
  await last.close();
}, 120_000);

test(`after kill -9 at ${kills} moments of an erasure the vault is whole, and the next run leaves no trace`, async () => {
  const folder = temporaryFolder();
  const keyText = generateMasterKeyText();
  const masterKey = parseMasterKey(keyText);
  let stoppedInside = 0;
  for (let kill = 0; kill < kills; kill++) {
    const path = join(folder, `v${kill}.db`);
    const vault = await openVault({ path, masterKey, create: true });
    const tokenize = vault.tokenizer('n');
    for (const value of someValues(20_000)) tokenize(value);
    await vault.close();
    const values = [...someValues(20_000)].filter((_, i) => i % 50 === 0);
    const list = join(folder, 'list.txt');
    writeFileSync(list, values.join('\n'));
    const old = blocksOf(path);
    const done = await killedAfter([path, '', list], keyText, 'started', Math.random() * 300);
    const again = await openVault({ path, masterKey });
    const report = await again.verify();
    await again.close();
    expect(report).toMatchObject({ ok: true });
    // All or nothing.
    expect([20_000, 19_600]).toContain(report.entries);
    if (!done && report.entries === 19_600) stoppedInside += 1;
    const certificate = forgetEntries({ path, masterKey }, { tokens: [], values }, 'test');
    expect(certificate).toMatchObject({ complete: true });
    expect(certificate.entries + certificate.erased_before).toBe(400);
    const left = blocksOf(path);
    const bytes = Buffer.concat(
      [path, `${path}-wal`].filter((file) => existsSync(file)).map((file) => readFileSync(file)),
    );
    for (const [id, sealed] of old) {
      if (!left.get(id)?.equals(sealed) && bytes.includes(sealed.subarray(-16))) expect.fail('an old block is left');
    }
  }
  // The transaction takes a moment of the whole: few kills may all miss what follows it.
  if (kills > 20) expect(stoppedInside).toBeGreaterThan(0);
}, 240_000);

function blocksOf(path: string): Map<number, Buffer> {
  const db = new Sqlite(path, { readonly: true });
  const blocks = new Map(db.prepare('SELECT block_id, sealed FROM vault_block').raw().all() as [number, Buffer][]);
  db.close();
  return blocks;
}
