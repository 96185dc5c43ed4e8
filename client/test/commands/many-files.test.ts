import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFileFor } from '../../src/files/index.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const env = { SDP_CRYPTO_KEY: Buffer.alloc(32, 5).toString('base64url') };
const sdp = (...args: string[]) => runSdp(args, { cwd: folder.path, env });
const at = (...parts: string[]) => join(folder.path, ...parts);
const csv = 'id,mail\n1,a@example.org\n2,b@example.org\n';
const ndjson = '{"id": 1, "mail": "a@example.org"}\n{"id": 2, "mail": null}\n';

beforeAll(() => {
  mkdirSync(at('in', 'deep'), { recursive: true });
  writeFileSync(at('in', 'a.csv'), csv);
  writeFileSync(at('in', 'deep', 'b.csv.gz'), gzipSync(csv));
  writeFileSync(at('in', 'deep', 'c.ndjson'), ndjson);
  writeFileSync(at('in', 'readme.txt'), 'no table');
  writeFileSync(at('in', '.hidden.csv'), 'no\n');
});

const tokenize = (...more: string[]) =>
  sdp('tokenize-csv', '--input', 'in', '--output', 'out', '--source-table', 't', '--column', 'mail', '--json', ...more);
const statuses = (run: Awaited<ReturnType<typeof sdp>>) =>
  (run.json()['files'] as { input: string; status: string }[]).map(
    ({ input, status }) => `${input.slice(at('in').length + 1)} ${status}`,
  );

test('tries all files without writing', async () => {
  const run = await tokenize('--dry-run');
  expect(statuses(run)).toEqual(['a.csv done', 'deep/b.csv.gz done', 'deep/c.ndjson done']);
  expect(existsSync(at('out'))).toBe(false);
  expect(existsSync(at('token_vault.db'))).toBe(false);
});

test('tokenizes all tables of a folder with one vault, and puts them back', async () => {
  expect(statuses(await tokenize())).toEqual(['a.csv done', 'deep/b.csv.gz done', 'deep/c.ndjson done']);
  const token = /tok_[0-9a-f]{32}/.exec(readFileSync(at('out', 'a.csv'), 'utf8'))?.[0];
  expect(gunzipSync(readFileSync(at('out', 'deep', 'b.csv.gz'))).toString()).toContain(token);
  expect(readFileSync(at('out', 'deep', 'c.ndjson'), 'utf8')).toBe(ndjson.replace('a@example.org', token as string));
  expect((await sdp('detokenize', '--input', 'out', '--output', 'back', '--reason', 'test')).status).toBe(0);
  expect(readFileSync(at('back', 'a.csv'), 'utf8')).toBe(csv);
  expect(readFileSync(at('back', 'deep', 'c.ndjson'), 'utf8')).toBe(ndjson);
});

test('skips what is done with --resume, unless input, output or methods were changed', async () => {
  expect(statuses(await tokenize('--resume')).every((line) => line.endsWith('already done'))).toBe(true);
  const later = new Date(Date.now() + 60_000);
  utimesSync(at('in', 'a.csv'), later, later);
  writeFileSync(at('out', 'deep', 'c.ndjson'), 'changed');
  expect(statuses(await tokenize('--resume'))).toEqual([
    'a.csv done',
    'deep/b.csv.gz already done',
    'deep/c.ndjson done',
  ]);
  expect(statuses(await tokenize('--resume', '--column', 'id')).every((line) => line.endsWith(' done'))).toBe(true);
});

test('stops at the first failure or goes on, and says which files are done', async () => {
  writeFileSync(at('in', 'aa.csv'), 'id\n1\n');
  rmSync(at('out'), { recursive: true });
  const stopped = await tokenize();
  expect(stopped.status).toBe(4);
  expect(JSON.stringify(stopped.json())).toMatch(/files-failed.*3 not started|files-failed.*1 done/);
  expect(existsSync(at('out', 'a.csv'))).toBe(true);
  expect(existsSync(at('out', 'aa.csv'))).toBe(false);
  expect(existsSync(at('out', 'deep', 'c.ndjson'))).toBe(false);
  const run = await tokenize('--keep-going', '--resume');
  expect(run.status).toBe(4);
  expect(existsSync(at('out', 'deep', 'c.ndjson'))).toBe(true);
});

test('refuses an output that is no folder', async () => {
  writeFileSync(at('file.csv'), 'x');
  const run = await sdp(
    'tokenize-csv',
    '--input',
    'in/*.csv',
    '--output',
    'file.csv',
    '--source-table',
    't',
    '--column',
    'mail',
  );
  expect(run.status).toBe(2);
});

test('refuses to write over the inputs', async () => {
  const over = ['--output', 'in', '--source-table', 't', '--column', 'mail'];
  for (const input of ['in', 'in/*.csv']) {
    const run = await sdp('tokenize-csv', '--input', input, ...over);
    expect(`${run.status} ${run.stderr}`).toMatch(/^2 .*would be replaced/);
  }
});

test('names what killed runs have left beside the output, and removes what they left of it', async () => {
  const host = /\.([0-9a-f]{8})-\d+\.sdp-tmp$/.exec(temporaryFileFor(at('x')).path)?.[1] as string;
  // No process has this number.
  const left = (name: string) => at(`.${name}.0123456789ab.${host}-4194999.sdp-tmp`);
  for (const name of ['one.csv', 'other.csv', 'resumable.csv']) writeFileSync(left(name), 'half');
  writeFileSync(at('.resumable.csv.sdp-checkpoint'), '{}');
  const files = ['--input', join('in', 'a.csv'), '--output', 'one.csv'];
  const run = await sdp('tokenize-csv', ...files, '--source-table', 't', '--column', 'mail');
  expect(run.status, run.stderr).toBe(0);
  expect(run.stderr).toContain('.other.csv.');
  expect(run.stderr).not.toContain('resumable');
  expect(['one.csv', 'other.csv', 'resumable.csv'].map((name) => existsSync(left(name)))).toEqual([false, true, true]);
});
