import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface Measurement {
  readonly wallMs: number;
  /** Largest resident set of the process, all threads together. */
  readonly peakBytes: number;
}

const reporter = pathToFileURL(join(import.meta.dirname, 'children/report-peak-memory.mjs')).href;

/** Runs a script, started as a user would start it, to its end. @throws when it fails, with what it wrote to stderr */
export async function measureScript(
  script: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Measurement> {
  const scratch = mkdtempSync(join(tmpdir(), 'sdp-bench-'));
  const report = join(scratch, 'peak');
  try {
    const started = performance.now();
    await new Promise<void>((resolve, reject) => {
      const child = spawn(script, args, {
        env: {
          ...process.env,
          ...environment,
          // Under an older Node the program would start a newer one, and that one's memory would not be seen.
          PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
          NODE_OPTIONS: `--import ${reporter}`,
          SDP_BENCH_PEAK_FILE: report,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text;
      });
      child.on('error', reject);
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`status ${code}: ${errors}`))));
    });
    return { wallMs: performance.now() - started, peakBytes: Number(readFileSync(report, 'utf8')) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Runs any program to its end; only its time is measured. @throws when it fails, with what it wrote to stderr */
export async function measureProgram(program: string, args: readonly string[]): Promise<{ readonly wallMs: number }> {
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`status ${code}: ${errors}`))));
  });
  return { wallMs: performance.now() - started };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** @param share of the values that are at most as large, from 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Runs A and B in turn, A B A B …, and gives the runs in pairs: a ratio within a pair survives a machine whose speed drifts. */
export async function inTurn<A, B>(runs: number, a: () => Promise<A>, b: () => Promise<B>): Promise<{ a: A; b: B }[]> {
  const pairs: { a: A; b: B }[] = [];
  for (let run = 0; run < runs; run++) pairs.push({ a: await a(), b: await b() });
  return pairs;
}

/** A Markdown table. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

export const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
export const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
export const perSecond = (count: number, ms: number) => `${Math.round((count / ms) * 1000).toLocaleString('en-US')}/s`;
