import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurn, markdownTable, measureScript, median, megabytes, perSecond, seconds } from './measure.ts';
import { sdp } from './sdp-run.ts';
import { writeWideCsv } from './wide-csv.ts';

const passThrough = join(import.meta.dirname, 'children/pass-through.mjs');

/** Finding out what a file holds: from a sample, and with every cell looked at. */
export async function benchScan(options: { rows: number; runs: number }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-scan-'));
  const rows: string[][] = [];
  try {
    const [input, output] = [join(folder, 'input.csv'), join(folder, 'output')];
    await writeWideCsv(input, options.rows, options.rows);
    for (const [name, flags] of [
      ['a sample', []],
      ['every cell', ['--whole']],
    ] as const) {
      const pairs = await inTurn(
        options.runs,
        () => measureScript(passThrough, [input, output]),
        () => {
          rmSync(output, { force: true });
          return sdp('scan', '--quiet', '--input', input, '--output', output, ...flags);
        },
      );
      const wall = median(pairs.map(({ b }) => b.wallMs));
      rows.push([
        name,
        options.rows.toLocaleString('en-US'),
        seconds(median(pairs.map(({ a }) => a.wallMs))),
        seconds(wall),
        median(pairs.map(({ a, b }) => b.wallMs / a.wallMs)).toFixed(2),
        name === 'a sample' ? '' : perSecond(options.rows, wall),
        megabytes(Math.max(...pairs.map(({ b }) => b.peakBytes))),
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return markdownTable(['sdp scan', 'rows', 'pass-through', 'scan', 'ratio', 'rows/s', 'peak memory'], rows);
}
