import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn, markdownTable, measureScript, median, megabytes, seconds } from './measure.ts';
import { benchFiles, removeVault, tokenizeWith } from './sdp-run.ts';
import { writeWideCsv } from './wide-csv.ts';

const passThrough = join(import.meta.dirname, 'children/pass-through.mjs');
const yaml = ['email: token'];

/** The same file a second time into the vault that it filled; and a new file into a vault of many tokens. */
export async function benchAgain(options: { rows: number; runs: number; tokens: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-again-'));
  try {
    const files = benchFiles(folder, join(folder, 'input.csv'));
    const large = { ...files, input: join(folder, 'large.csv'), vault: join(folder, 'large.db') };
    await writeWideCsv(files.input, options.rows, options.rows);
    const runs = await inTurn(
      options.runs,
      async () => {
        removeVault(files.vault);
        const pass = await measureScript(passThrough, [files.input, files.output]);
        return { pass, first: await tokenizeWith(files, yaml) };
      },
      () => tokenizeWith(files, yaml),
    );
    const pass = median(runs.map(({ a }) => a.pass.wallMs));
    const row = (what: string, wallMs: number, peakBytes: number) => [
      what,
      seconds(pass),
      seconds(wallMs),
      (wallMs / pass).toFixed(2),
      megabytes(peakBytes),
    ];
    const first = median(runs.map(({ a }) => a.first.wallMs));
    const second = median(runs.map(({ b }) => b.wallMs));
    // Other values than the file's, so that the file's are all new to the vault.
    await writeWideCsv(large.input, options.tokens, options.tokens);
    await tokenizeWith(large, ['full_name: { method: token, namespace: bench.email }']);
    rmSync(large.input);
    const into = await tokenizeWith({ ...large, input: files.input }, yaml);
    return markdownTable(
      ['1 column, all values distinct', 'pass-through', 'tokenize', 'ratio', 'peak memory'],
      [
        row('first time, new vault', first, runs[0]?.a.first.peakBytes ?? 0),
        row('the same file again', second, runs[0]?.b.peakBytes ?? 0),
        row(`into a vault of ${options.tokens.toLocaleString('en-US')} tokens`, into.wallMs, into.peakBytes),
      ],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
