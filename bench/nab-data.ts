import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { testDataPath } from '../test/support/test-data.ts';
import { type LabelWindow, probation } from './nab-score.ts';

/** A series of the Numenta Anomaly Benchmark. */
export interface LabelledSeries {
  readonly family: string;
  readonly name: string;
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
  readonly windows: readonly LabelWindow[];
  /** The labelled moment in each window, as a number of a sample. */
  readonly moments: readonly number[];
}

/**
 * All series of the folder that `SDP_BENCH_NAB` names, such as a copy of github.com/numenta/NAB (`data/`, `labels/`), else of
 * `anom-nab`; the two artificial folders are one family.
 */
export function nabSeries(): LabelledSeries[] {
  const root = resolve(process.env['SDP_BENCH_NAB'] ?? testDataPath('anom-nab'));
  const read = <T>(name: string): Record<string, T[]> =>
    JSON.parse(readFileSync(resolve(root, 'labels', name), 'utf8'));
  const windows = read<[string, string]>('combined_windows.json');
  const labels = read<string>('combined_labels.json');
  return Object.keys(windows)
    .sort()
    .map((path) => {
      const [folder, name] = path.split('/') as [string, string];
      const rows = readFileSync(resolve(root, 'data', path), 'utf8')
        .trim()
        .split(/\r?\n/)
        .slice(1);
      const timesMs = rows.map((row) => timeOf(row.slice(0, row.indexOf(','))));
      const first = (text: string) => timesMs.findIndex((time) => time >= timeOf(text));
      const last = (text: string) => timesMs.findLastIndex((time) => time <= timeOf(text));
      return {
        family: folder.startsWith('artificial') ? 'artificial' : folder,
        name,
        timesMs,
        values: rows.map((row) => Number(row.slice(row.indexOf(',') + 1))),
        windows: (windows[path] ?? []).map(([from, to]) => ({ from: first(from), to: last(to) })),
        moments: (labels[path] ?? []).map(first),
      };
    });
}

function timeOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
}

export interface DetectionFigures {
  readonly windows: number;
  readonly hits: number;
  readonly detections: number;
  readonly falseAlarms: number;
  readonly days: number;
  /** From the labelled moment to the first detection in its window; negative before it. */
  readonly delaysMs: readonly number[];
}

/** Counts after the first 15 % of each series. */
export function detectionFigures(
  runs: readonly { readonly series: LabelledSeries; readonly detections: readonly number[] }[],
): DetectionFigures {
  const sum = { windows: 0, hits: 0, detections: 0, falseAlarms: 0, days: 0 };
  const delaysMs: number[] = [];
  for (const { series, detections } of runs) {
    const start = probation(series.values.length);
    const judged = detections.filter((at) => at >= start);
    sum.days += ((series.timesMs.at(-1) as number) - (series.timesMs[start] as number)) / 86_400_000;
    sum.detections += judged.length;
    sum.windows += series.windows.length;
    sum.falseAlarms += judged.filter((at) => !series.windows.some(({ from, to }) => at >= from && at <= to)).length;
    for (const { from, to } of series.windows) {
      const hit = judged.find((at) => at >= from && at <= to);
      if (hit === undefined) continue;
      sum.hits += 1;
      const moment = series.moments.find((at) => at >= from && at <= to) ?? from;
      delaysMs.push((series.timesMs[hit] as number) - (series.timesMs[moment] as number));
    }
  }
  return { ...sum, delaysMs: delaysMs.sort((a, b) => a - b) };
}
