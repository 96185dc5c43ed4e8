import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn, markdownTable, measureScript, median, megabytes, perSecond, seconds } from './measure.ts';
import { type BenchFiles, benchFiles, removeVault, tokenizeWith, vaultBytes } from './sdp-run.ts';
import { identifierColumns, writeWideCsv } from './wide-csv.ts';

const passThrough = join(import.meta.dirname, 'children/pass-through.mjs');

/** Tokenizing against a csv-parse | csv-stringify pass-through of the same file, in turn, each time into a new vault. */
export async function benchTokenize(options: { rows: number; runs: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-tokenize-'));
  const rows: string[][] = [];
  try {
    for (const distinct of [options.rows, options.rows / 2, 10_000]) {
      for (const columns of [1, 4, 8]) {
        const files = benchFiles(folder, join(folder, 'input.csv'));
        await writeWideCsv(files.input, options.rows, distinct, columns === 8 ? 8 : 4);
        rows.push(await compare(files, distinct, columns, options));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return table(rows);
}

/** One run over ten times the rows: whether memory stays flat, and what a large vault costs. */
export async function benchLarge(options: { rows: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-large-'));
  try {
    const files = benchFiles(folder, join(folder, 'input.csv'));
    const rows: string[][] = [];
    for (const columns of [1, 4]) {
      await writeWideCsv(files.input, options.rows, options.rows);
      rows.push(await compare(files, options.rows, columns, { rows: options.rows, runs: 1 }));
    }
    return table(rows);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function table(rows: string[][]): string {
  const header = [
    'rows',
    'token columns',
    'distinct a column',
    'pass-through',
    'tokenize',
    'ratio',
    'rows/s',
    'new values/s',
    'peak memory',
    'vault, bytes a value',
  ];
  return markdownTable(header, rows);
}

async function compare(files: BenchFiles, distinct: number, columns: number, options: { rows: number; runs: number }) {
  const yaml = identifierColumns.slice(0, columns).map((name) => `${name}: token`);
  const pairs = await inTurn(
    options.runs,
    () => measureScript(passThrough, [files.input, files.output]),
    async () => {
      removeVault(files.vault);
      return tokenizeWith(files, yaml);
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
    perSecond(distinct * columns, wall),
    megabytes(Math.max(...pairs.map(({ b }) => b.peakBytes))),
    (vaultBytes(files.vault) / (distinct * columns)).toFixed(0),
  ];
}
