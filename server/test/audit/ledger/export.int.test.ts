import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportLedger, ledgerKeyOf } from '../../../src/audit/index.ts';
import { type LedgerGround, ledgerGround } from './ledger-ground.ts';

const fileOf = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('no python3: the second verifier is not asked\n');

let ground: LedgerGround;
let dir: string;
let path: string;
let lines: string[];
let publicKey: string;

beforeAll(async () => {
  ground = await ledgerGround();
  dir = mkdtempSync(join(tmpdir(), 'sdp-export-'));
  path = join(dir, 'trail.ndjson');
  for (const count of [3, 1, 9]) {
    await ground.fill(count, 2);
    await ground.sequence();
  }
  publicKey = ledgerKeyOf(ground.serverKey).publicKeyText;
  lines = (await exported()).split('\n').slice(0, -1);
});
afterAll(async () => {
  await ground.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function exported(): Promise<string> {
  let text = '';
  for await (const line of exportLedger({ pool: ground.pool, key: ledgerKeyOf(ground.serverKey) })) text += line;
  return text;
}

/** Both verifiers on the lines: the one that comes with the product, and the one that shares no code with anything. */
function verify(changed: readonly string[], key = publicKey, ...more: readonly string[]) {
  writeFileSync(path, `${changed.join('\n')}\n`);
  const node = spawnSync(
    process.execPath,
    [fileOf('scripts/verify-audit-export.mjs'), path, '--public-key', key, ...more],
    { encoding: 'utf8' },
  );
  const python = hasPython
    ? spawnSync('python3', [fileOf('test/support/verify_audit_export.py'), path, key], {
        encoding: 'utf8',
      }).stdout.trim()
    : undefined;
  return { status: node.status, text: node.stdout + node.stderr, python };
}

it('is found intact by both verifiers', () => {
  expect(lines).toHaveLength(1 + 19 + 3 + 1);
  const { status, text, python } = verify(lines, publicKey, '--anchor', ground.anchorPath);
  expect(text).toBe('intact: 19 entries under 3 signed heads\n');
  expect(status).toBe(0);
  if (hasPython) expect(python).toBe('intact');
});

const indexOfEntry = (seq: number) => lines.findIndex((line) => line.startsWith(`{"seq":${seq},`));

it.each([
  ['edited', (all: string[]) => all.with(indexOfEntry(9), (all[indexOfEntry(9)] as string).replace('acme', 'acmf')), 9],
  ['left out', (all: string[]) => all.toSpliced(indexOfEntry(9), 1), 9],
  ['repeated', (all: string[]) => all.toSpliced(indexOfEntry(9), 0, all[indexOfEntry(9)] as string), 10],
  [
    'swapped',
    (all: string[]) =>
      all.with(indexOfEntry(9), all[indexOfEntry(10)] as string).with(indexOfEntry(10), all[indexOfEntry(9)] as string),
    9,
  ],
  ['cut off', (all: string[]) => all.slice(0, indexOfEntry(12)), 12],
])('an entry %s is named', (_what, change, entry) => {
  const { status, text, python } = verify(change([...lines]));
  expect(status).toBe(1);
  expect(text).toContain('NOT INTACT');
  if (_what !== 'cut off') expect(text).toMatch(new RegExp(`entry ${entry} `));
  // It counts from the last head where the end is missing.
  if (hasPython) expect(python).toMatch(/^broken at \d+$/);
});

it('an entry changed with everything after it computed anew is not under the signed head', async () => {
  const { createHash } = await import('node:crypto');
  const sha256 = (data: Buffer) => createHash('sha256').update(data).digest();
  let chain = Buffer.alloc(32);
  const forged = lines.map((line) => {
    const value = JSON.parse(line) as { seq?: number; entry?: string; chain?: string };
    if (value.entry === undefined) return line;
    if (value.seq === 9) value.entry = value.entry.replace('acme', 'acmf');
    chain = sha256(Buffer.concat([chain, sha256(Buffer.concat([Buffer.of(0), Buffer.from(value.entry)]))]));
    return JSON.stringify({ ...value, chain: chain.toString('hex') });
  });
  const { status, text, python } = verify(forged);
  expect(status).toBe(1);
  expect(text).toContain('entries 8 to 18 are not those');
  if (hasPython) expect(python).toBe('broken at 8');
});

it('another key, a cut-off trail beside its anchor, and a row that is gone', async () => {
  expect(verify(lines, Buffer.alloc(32, 9).toString('base64url')).status).toBe(1);
  const cut = lines.slice(0, lines.findIndex((line) => line.includes('"size":8')) + 1);
  const end = JSON.stringify({ end: { entries: 8, heads: 2 } });
  expect(verify([...cut, end]).status).toBe(0);
  const { status, text } = verify([...cut, end], publicKey, '--anchor', ground.anchorPath);
  expect(status).toBe(1);
  expect(text).toContain('the trail ends after 8 entries');
  await ground.tamper('DELETE FROM audit_event WHERE audit_id = 2');
  const { text: gone } = verify((await exported()).split('\n').slice(0, -1));
  expect(gone).toContain('1 entries are given by their hashes alone');
  expect(readFileSync(ground.anchorPath, 'utf8')).not.toContain('acme');
});
