import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchKey } from './bench-key.ts';
import { inTurn, markdownTable, measureScript, median, megabytes, perSecond, seconds } from './measure.ts';
import { identifierColumns, writeWideCsv } from './wide-csv.ts';

const root = join(import.meta.dirname, '..');

/** Tokenizing against a csv-parse | csv-stringify pass-through of the same file, in turn. */
export async function benchTokenize(options: { rows: number; runs: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-tokenize-'));
  const rows: string[][] = [];
  try {
    for (const distinct of [options.rows, 10_000]) {
      const input = join(folder, `${distinct}.csv`);
      await writeWideCsv(input, options.rows, distinct);
      for (const columns of [1, 4]) rows.push(await compare(folder, input, distinct, columns, options));
      rmSync(input);
    }
    rows.push(await memoryAt(folder, options.rows * 3));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const header = [
    'rows',
    'token columns',
    'distinct a column',
    'pass-through',
    'tokenize',
    'ratio',
    'rows/s',
    'peak memory',
    'vault, bytes a value',
  ];
  return markdownTable(header, rows);
}

async function compare(
  folder: string,
  input: string,
  distinct: number,
  columns: number,
  options: { rows: number; runs: number },
) {
  let vaultBytes = 0;
  const pairs = await inTurn(
    options.runs,
    () => measureScript(join(root, 'bench/children/pass-through.mjs'), [input, join(folder, 'passed.csv')]),
    async () => {
      const measured = await tokenize(folder, input, columns);
      vaultBytes = statSync(join(folder, 'vault.db')).size;
      return measured;
    },
  );
  const wall = median(pairs.map(({ b }) => b.wallMs));
  return [
    options.rows.toLocaleString('en-US'),
    String(columns),
    distinct.toLocaleString('en-US'),
    seconds(median(pairs.map(({ a }) => a.wallMs))),
    seconds(wall),
    median(pairs.map(({ a, b }) => b.wallMs / a.wallMs)).toFixed(2),
    perSecond(options.rows, wall),
    megabytes(Math.max(...pairs.map(({ b }) => b.peakBytes))),
    (vaultBytes / (distinct * columns)).toFixed(0),
  ];
}

async function memoryAt(folder: string, rows: number): Promise<string[]> {
  const input = join(folder, 'large.csv');
  await writeWideCsv(input, rows, rows);
  const measured = await tokenize(folder, input, 4);
  const vaultBytes = statSync(join(folder, 'vault.db')).size;
  return [
    rows.toLocaleString('en-US'),
    '4',
    rows.toLocaleString('en-US'),
    '',
    seconds(measured.wallMs),
    '',
    perSecond(rows, measured.wallMs),
    megabytes(measured.peakBytes),
    (vaultBytes / (rows * 4)).toFixed(0),
  ];
}

async function tokenize(folder: string, input: string, columns: number) {
  const vault = join(folder, 'vault.db');
  for (const suffix of ['', '-wal', '-shm']) rmSync(vault + suffix, { force: true });
  return measureScript(
    join(root, 'client/bin/sdp.js'),
    [
      ...['tokenize-csv', '--quiet', '--input', input, '--output', join(folder, 'tokenized.csv')],
      ...['--source-table', 'bench', '--vault', vault],
      ...identifierColumns.slice(0, columns).flatMap((column) => ['--column', column]),
    ],
    { SDP_CRYPTO_KEY: benchKey },
  );
}
