import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Anonymization, anonymize, anonymizeOptimally } from '@sdp/shared/anonymization';
import { type Adult, encode, lossOf, readAdult, readTable, resample } from './adult.ts';
import { markdownTable, median, seconds } from './measure.ts';

interface Run {
  readonly wallMs: number;
  readonly loss: number;
}

interface Task {
  readonly adult: Adult;
  readonly rows: readonly (readonly string[])[];
  /** The same rows as ARX reads them. */
  readonly file: string;
  readonly k: number;
  readonly limit: number;
  readonly runs: number;
}

/** Adult by both algorithms beside ARX's, on the same file with the same hierarchies; and on many more rows. */
export async function benchAnonymize(options: { rows: number; runs: number }): Promise<string> {
  const adult = readAdult();
  if (adult === undefined) return 'The test data is not there.';
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-anonymize-'));
  try {
    const small = { adult, rows: adult.rows, file: adult.file, runs: options.runs };
    const lines = [2, 5, 10, 50].flatMap((k) => [
      ...[0, 0.05].map((limit) => compared('optimal', { ...small, k, limit }, optimal, arx('global', folder))),
      compared('mondrian', { ...small, k, limit: 0 }, mondrian, arx('local', folder)),
    ]);
    const rows = resample(adult, options.rows);
    const file = join(folder, 'large.csv');
    writeFileSync(file, [adult.header, ...rows].map((row) => row.join(';')).join('\n'));
    const large = { adult, rows, file, runs: 1, limit: 0.05 };
    for (const k of [2, 5, 10, 50]) {
      lines.push(compared('optimal', { ...large, k }, optimal, arx('global', folder)));
      lines.push(compared('mondrian', { ...large, k, limit: 0 }, mondrian, undefined));
    }
    return markdownTable(['algorithm', 'rows', 'k', 'suppression limit', 'time', 'loss', 'ARX: time', 'loss'], lines);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Contestant = (task: Task) => Run[];

/** A first run warms both up and isn't counted, where there is more than one. */
function compared(name: string, task: Task, ours: Contestant, theirs: Contestant | undefined): string[] {
  const show = (runs: readonly Run[] | undefined) =>
    runs === undefined || runs.length === 0
      ? ['', '']
      : [seconds(median(runs.map(({ wallMs }) => wallMs))), median(runs.map(({ loss }) => loss)).toFixed(4)];
  const line = [name, task.rows.length.toLocaleString('en-US'), String(task.k), `${task.limit * 100} %`];
  const cells = [...line, ...show(ours(task)), ...show(theirs?.(task))];
  process.stderr.write(`${cells.join(' | ')}\n`);
  return cells;
}

function optimal(task: Task): Run[] {
  return timed(task, (generalizations) =>
    anonymizeOptimally({ generalizations, k: task.k, suppressionLimit: task.limit }),
  );
}

function mondrian(task: Task): Run[] {
  return timed(task, (generalizations) =>
    anonymize({ columns: generalizations.map(({ column }) => column), k: task.k, generalizations }),
  );
}

function timed(task: Task, work: (columns: ReturnType<typeof encode>) => Anonymization): Run[] {
  const runs = Array.from({ length: task.runs > 1 ? task.runs + 1 : 1 }, () => {
    const started = performance.now();
    const result = work(encode(task.adult, task.rows));
    const wallMs = performance.now() - started;
    const released = Array.from(result.classOf, (position) => result.classes[position]?.values ?? []);
    return { wallMs, loss: lossOf(task.adult, released) };
  });
  return runs.slice(task.runs > 1 ? 1 : 0);
}

/** SDP_BENCH_ARX is the class path of ARX, which Maven Central doesn't have: see docs/decisions/013-anonymization.md. */
function arx(mode: 'global' | 'local', folder: string): Contestant | undefined {
  const classPath = process.env['SDP_BENCH_ARX'];
  if (classPath === undefined) return undefined;
  return ({ adult, file, k, limit, runs }) => {
    const output = join(folder, 'arx.csv');
    const count = runs > 1 ? runs + 1 : 1;
    const driver = join(import.meta.dirname, 'peers/ArxDriver.java');
    const args = [driver, file, adult.folder, String(limit), String(k), String(count), mode, output];
    const { status, stdout, stderr } = spawnSync('java', ['-Xmx8g', '-cp', classPath, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ARX failed: ${stderr}`);
    const times = stdout
      .trim()
      .split('\n')
      .map((line) => Number(line.split(' ')[0]));
    const loss = lossOf(adult, readTable(output).slice(1));
    return times.slice(runs > 1 ? 1 : 0).map((wallMs) => ({ wallMs, loss }));
  };
}
