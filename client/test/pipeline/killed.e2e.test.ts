import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../shared/test/detection/identifiers/generated-values.ts';

// A long run sets more: kills a kind of run, rows of a file, another seed.
const kills = Number(process.env['SDP_TEST_KILLS'] ?? 0);
const isLong = kills > 0;
const rows = Number(process.env['SDP_TEST_KILL_ROWS'] ?? 4_000);
const random = seededRandom(Number(process.env['SDP_TEST_SEED'] ?? 20_261_121));

const program = resolve(import.meta.dirname, '../../bin/sdp.js');
const built = existsSync(resolve(import.meta.dirname, '../../dist/main.js'));
const formats = ['csv', 'ndjson', 'parquet', 'csv.gz', 'csv.zst'] as const;
type Format = (typeof formats)[number];

let folder = '';
let env: Record<string, string | undefined> = {};
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-killed-'));
  env = {
    PATH: process.env['PATH'],
    SDP_CRYPTO_KEY: Buffer.alloc(32, 11).toString('base64url'),
    SDP_STATE_DIR: at('state'),
    SDP_VAULT: at('vault.db'),
  };
  const range = Array.from({ length: rows }, (_, row) => row);
  const csv = [
    'id,name,note,mail',
    ...range.map((row) => `${row},"N ""${row % 900}""",note ${row},m${row}@example.org`),
  ];
  const text = Buffer.from(`${csv.join('\r\n')}\r\n`);
  for (const name of ['in/deep', 'out', 'expected', 'expected.back', 'back']) mkdirSync(at(name), { recursive: true });
  writeFileSync(at('in', 'a.csv'), text);
  writeFileSync(at('in', 'b.csv.gz'), gzipSync(text));
  writeFileSync(at('in', 'c.csv.zst'), zstdCompressSync(text));
  const objects = range.map(
    (id) => `{"id": ${id}, "name": "Näme ${id % 900}", "note": "note ${id}", "mail": "m${id}"}\n`,
  );
  writeFileSync(at('in', 'deep', 'd.ndjson'), objects.join(''));
  const columnData = [
    { name: 'id', data: range.map(BigInt), type: 'INT64' as const },
    { name: 'name', data: range.map((row) => (row % 7 ? `Näme ${row % 900}` : null)), type: 'STRING' as const },
    { name: 'note', data: range.map((row) => `note ${row}`), type: 'STRING' as const },
    { name: 'mail', data: range.map((row) => `m${row}@example.org`), type: 'STRING' as const },
  ];
  const parquet = parquetWriteBuffer({ columnData, rowGroupSize: Math.ceil(rows / 5) });
  writeFileSync(at('in', 'deep', 'e.parquet'), Buffer.from(parquet));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inputOf: Readonly<Record<Format, string>> = {
  csv: 'a.csv',
  'csv.gz': 'b.csv.gz',
  'csv.zst': 'c.csv.zst',
  ndjson: join('deep', 'd.ndjson'),
  parquet: join('deep', 'e.parquet'),
};

interface Run {
  /** `undefined` for a run that was killed. */
  readonly status: number | undefined;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs `sdp`; is it not done after `killAfterMs`, it gets a SIGKILL. */
async function sdp(args: readonly string[], killAfterMs?: number): Promise<Run> {
  const began = performance.now();
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { status: status ?? undefined, stderr, tookMs: performance.now() - began };
}

async function complete(args: readonly string[]): Promise<Run> {
  const run = await sdp(args);
  expect(run.status, run.stderr).toBe(0);
  return run;
}

const columns = ['id', 'name', 'note', 'mail'].flatMap((name) => ['--column', name]);
const tokenize = (input: string, output: string, ...more: string[]) => [
  ...['tokenize-csv', '--input', input, '--output', output, '--source-table', 't', ...columns, ...more],
];
const detokenize = (input: string, output: string) => [
  ...['detokenize', '--input', input, '--output', output, '--reason', 'killed'],
];
/** Files that lie in the folder, relative to it, hidden ones included. */
const filesOf = (...parts: string[]) =>
  existsSync(at(...parts))
    ? readdirSync(at(...parts), { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => join(each.parentPath, each.name).slice(at(...parts).length + 1))
        .toSorted()
    : [];
const leftovers = (...parts: string[]) =>
  filesOf(...parts).filter((name) => /sdp-tmp|sdp-checkpoint/.test(name) || /-journal$/.test(name));

const published = () => ['out', 'some'].flatMap((out) => filesOf(out).filter((name) => /^(?!\.|.*\/\.)/.test(name)));

function dropVault(): void {
  for (const name of readdirSync(folder))
    if (/^\.?vault\.db/.test(name)) rmSync(at(name), { force: true, recursive: true });
  rmSync(at('state'), { recursive: true, force: true });
}

/** That what is in the vault is whole, whenever the run was killed. */
async function expectWholeVault(): Promise<void> {
  if (!existsSync(at('vault.db'))) return;
  const { status, stderr } = await sdp(['vault', 'verify', '--quiet']);
  // A run that was killed while it made the vault has published nothing.
  const isBlank = stderr.includes('The vault is blank') && published().length === 0;
  if (!isBlank) expect(status, stderr).toBe(0);
}

/** That all under final names is complete and can be had back. */
async function expectOnlyComplete(out: string, expected: string): Promise<void> {
  const names = filesOf(out).filter((name) => !/sdp-tmp|sdp-checkpoint|\.manifest\.json$/.test(name));
  if (names.length === 0) return;
  for (const name of names) {
    expect(readFileSync(at(out, name)).equals(readFileSync(at(expected, name))), name).toBe(true);
    expect(existsSync(at(out, `${name}.manifest.json`))).toBe(true);
  }
  await complete(detokenize(out, 'shown'));
  expect(filesOf('shown')).toEqual(names);
  for (const name of names) {
    expect(readFileSync(at('shown', name)).equals(readFileSync(at(`${expected}.back`, name))), name).toBe(true);
  }
  rmSync(at('shown'), { recursive: true });
}

/** The bytes that one run gives, those that come back from them, and how long both take. */
async function expectedOf(format: Format): Promise<{ name: string; there: number; back: number }> {
  const name = `out.${format}`;
  dropVault();
  const there = await complete(tokenize(join('in', inputOf[format]), join('expected', name)));
  const back = await complete(detokenize(join('expected', name), join('expected.back', name)));
  const [original, again] = [at('in', inputOf[format]), at('expected.back', name)].map((path) => readFileSync(path));
  if (format === 'csv' || format === 'ndjson') expect(again?.equals(original as Buffer)).toBe(true);
  return { name, there: there.tookMs, back: back.tookMs };
}

/** From the very start to beyond the end. */
const momentIn = (tookMs: number) => tookMs * 1.05 * random();

describe.skipIf(!built)('runs killed at random moments (needs `npm run build`)', () => {
  const some = isLong ? formats : (['csv.zst'] as const);
  const each = Math.ceil(kills / formats.length) || 1;

  test.each(some)('tokenize, into a new vault: %s', { timeout: 3_600_000 }, async (format) => {
    const { name, there } = await expectedOf(format);
    for (let killed = 0; killed < each; ) {
      // Half of them go on with what the one before has left.
      if (random() < 0.5) {
        dropVault();
        for (const left of published()) rmSync(at('out', left));
      }
      const { status, stderr } = await sdp(tokenize(join('in', inputOf[format]), join('out', name)), momentIn(there));
      expect([undefined, 0], stderr).toContain(status);
      if (status === undefined) killed++;
      await expectWholeVault();
      await expectOnlyComplete('out', 'expected');
      if (killed % 5 === 0 || killed === each) {
        await complete(tokenize(join('in', inputOf[format]), join('out', name)));
        await expectOnlyComplete('out', 'expected');
        expect(filesOf('out')).toEqual([name, `${name}.manifest.json`]);
      }
      if (random() < 0.5) rmSync(at('out', name), { force: true });
    }
    for (const left of filesOf('out')) rmSync(at('out', left));
  });

  const resumable = isLong ? formats.filter((format) => format !== 'parquet') : [];
  test.each(resumable)('tokenize --resume, again and again: %s', { timeout: 3_600_000 }, async (format) => {
    const { name, there } = await expectedOf(format);
    const args = (...more: string[]) =>
      tokenize(join('in', inputOf[format]), join('out', name), '--checkpoint-mib', '0.1', ...more);
    await complete(tokenize(join('in', inputOf[format]), join('expected', name), '--checkpoint-mib', '0.1'));
    for (let killed = 0; killed < Math.ceil((each * formats.length) / resumable.length); ) {
      if (filesOf('out').length === 0) dropVault();
      const { status, stderr } = await sdp(args('--resume'), momentIn(there));
      expect([undefined, 0], stderr).toContain(status);
      if (status === undefined) killed++;
      await expectWholeVault();
      await expectOnlyComplete('out', 'expected');
      if (status !== 0) continue;
      expect(filesOf('out')).toEqual([name, `${name}.manifest.json`]);
      for (const left of filesOf('out')) rmSync(at('out', left));
    }
    await complete(args('--resume'));
    await expectOnlyComplete('out', 'expected');
    expect(filesOf('out')).toEqual([name, `${name}.manifest.json`]);
    for (const left of filesOf('out')) rmSync(at('out', left));
  });

  test.each(isLong ? formats : [])('detokenize: %s', { timeout: 3_600_000 }, async (format) => {
    const { name, back } = await expectedOf(format);
    const tokens = join('expected', name);
    const whole = readFileSync(at('expected.back', name));
    for (let killed = 0; killed < each; ) {
      const { status, stderr } = await sdp(detokenize(tokens, join('back', name)), momentIn(back));
      expect([undefined, 0], stderr).toContain(status);
      if (status === undefined) killed++;
      if (existsSync(at('back', name))) {
        expect(readFileSync(at('back', name)).equals(whole)).toBe(true);
        rmSync(at('back', name));
      }
      const audit = await sdp(['vault', 'audit', 'verify', '--quiet']);
      expect(audit.status, audit.stderr).toBe(0);
    }
    await complete(detokenize(tokens, join('back', name)));
    expect(filesOf('back')).toEqual([name]);
    await expectWholeVault();
    for (const left of filesOf('back')) rmSync(at('back', left));
  });

  test('a folder', { timeout: 3_600_000 }, async () => {
    dropVault();
    const { tookMs } = await complete(tokenize('in', 'all'));
    await complete(detokenize('all', 'all.back'));
    let resume: string[] = [];
    for (let killed = 0, run = 0; killed < (isLong ? kills : 2); run++) {
      if (run % 5 === 0) {
        dropVault();
        rmSync(at('some'), { recursive: true, force: true });
      }
      const { status, stderr } = await sdp(tokenize('in', 'some', ...resume), momentIn(tookMs));
      expect([undefined, 0], stderr).toContain(status);
      if (status === undefined) killed++;
      await expectWholeVault();
      await expectOnlyComplete('some', 'all');
      resume = random() < 0.8 ? ['--resume'] : [];
    }
    await complete(tokenize('in', 'some', '--resume'));
    await expectOnlyComplete('some', 'all');
    expect(filesOf('some')).toEqual(filesOf('all'));
    expect(leftovers('some')).toEqual([]);
  });
});
