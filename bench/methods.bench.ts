import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn, markdownTable, measureScript, median, megabytes, perSecond, seconds } from './measure.ts';
import { type BenchFiles, benchFiles, removeVault, sdp, tokenizeWith } from './sdp-run.ts';
import { dateColumn, digitsColumn, writeWideCsv } from './wide-csv.ts';

const passThrough = join(import.meta.dirname, 'children/pass-through.mjs');

/** One column each, all values distinct unless the column is one of dates. */
const methods: readonly (readonly [name: string, yaml: string])[] = [
  ['token', 'email: token'],
  ['token, canonical trim + lower', 'email: { method: token, canonical: [trim, lower] }'],
  ['random', 'email: random'],
  ['hash', 'email: hash'],
  ['redact', 'email: redact'],
  ['mask', 'email: { method: mask, keep_first: 2 }'],
  ['email', 'email: email'],
  ['fpe, digits', `${digitsColumn}: { method: fpe, alphabet: digits }`],
  ['fpe, alphanumeric', 'account: { method: fpe, alphabet: alphanumeric }'],
  ['card', `${digitsColumn}: card`],
  ['date-shift', `${dateColumn}: { method: date-shift, entity: customer_id, max_days: 30 }`],
  ['bucket', 'balance: { method: bucket, size: 1000 }'],
  ['text', 'email: text'],
  ['keep', 'email: keep'],
  ['drop', 'email: drop'],
];

/** Each method on one column, and back where there is a way back. */
export async function benchMethods(options: { rows: number; runs: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-methods-'));
  const rows: string[][] = [];
  try {
    const files = benchFiles(folder, join(folder, 'input.csv'));
    await writeWideCsv(files.input, options.rows, options.rows);
    for (const [name, yaml] of methods) rows.push(await compare(files, name, yaml, options));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return markdownTable(
    ['method', 'rows', 'pass-through', 'tokenize', 'ratio', 'rows/s', 'peak memory', 'detokenize'],
    rows,
  );
}

async function compare(
  files: BenchFiles,
  name: string,
  yaml: string,
  { rows, runs }: { rows: number; runs: number },
): Promise<string[]> {
  const back: number[] = [];
  const pairs = await inTurn(
    runs,
    () => measureScript(passThrough, [files.input, files.output]),
    async () => {
      removeVault(files.vault);
      const measured = await tokenizeWith(files, [yaml]);
      back.push((await detokenize(files)).wallMs);
      return measured;
    },
  );
  const wall = median(pairs.map(({ b }) => b.wallMs));
  return [
    name,
    rows.toLocaleString('en-US'),
    seconds(median(pairs.map(({ a }) => a.wallMs))),
    seconds(wall),
    median(pairs.map(({ a, b }) => b.wallMs / a.wallMs)).toFixed(2),
    perSecond(rows, wall),
    megabytes(Math.max(...pairs.map(({ b }) => b.peakBytes))),
    /^(?:hash|redact|mask|bucket|keep|drop)/.test(name) ? '' : seconds(median(back)),
  ];
}

function detokenize(files: BenchFiles) {
  return sdp(
    ...['detokenize', '--quiet', '--reason', 'bench', '--input', files.output],
    ...['--output', `${files.output}.back`, '--vault', files.vault],
  );
}
