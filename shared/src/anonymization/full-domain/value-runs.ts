import type { EncodedColumn } from '../encoded-column.ts';
import { ValueCounts } from '../models/index.ts';

/** Sensitive values of many classes: those of class `c` are entries `starts[c]` … `starts[c + 1] − 1`. */
export interface ValueRuns {
  readonly domain: number;
  readonly starts: Uint32Array;
  readonly codes: Uint32Array;
  readonly counts: Uint32Array;
}

export function runsOf(column: EncodedColumn, classOf: Uint32Array, classes: number): ValueRuns {
  const single = new Uint32Array(column.codes.length).fill(1);
  const starts = Uint32Array.from({ length: column.codes.length + 1 }, (_, record) => record);
  return mergeRuns({ domain: column.texts.length, starts, codes: column.codes, counts: single }, classOf, classes);
}

/** @param groupOf new class of each old one */
export function mergeRuns(runs: ValueRuns, groupOf: Uint32Array, groups: number): ValueRuns {
  const ends = new Uint32Array(groups + 1);
  for (const group of groupOf) ends[group + 1] = (ends[group + 1] as number) + 1;
  for (let group = 1; group <= groups; group += 1) ends[group] = (ends[group] as number) + (ends[group - 1] as number);
  const members = new Uint32Array(groupOf.length);
  const next = ends.slice();
  for (let old = 0; old < groupOf.length; old += 1) {
    const group = groupOf[old] as number;
    members[next[group] as number] = old;
    next[group] = (next[group] as number) + 1;
  }
  const starts = new Uint32Array(groups + 1);
  const codes = new Uint32Array(runs.codes.length);
  const counts = new Uint32Array(runs.codes.length);
  const values = new ValueCounts(runs.domain);
  let at = 0;
  for (let group = 0; group < groups; group += 1) {
    values.clear();
    for (let index = ends[group] as number; index < (ends[group + 1] as number); index += 1) {
      addRun(runs, members[index] as number, values);
    }
    for (let index = 0; index < values.distinct; index += 1) {
      const code = values.seen[index] as number;
      codes[at] = code;
      counts[at] = values.counts[code] as number;
      at += 1;
    }
    starts[group + 1] = at;
  }
  return { domain: runs.domain, starts, codes: codes.slice(0, at), counts: counts.slice(0, at) };
}

/** Adds the values of one class. */
export function addRun({ starts, codes, counts }: ValueRuns, position: number, values: ValueCounts): void {
  const end = starts[position + 1] as number;
  for (let index = starts[position] as number; index < end; index += 1) {
    values.add(codes[index] as number, counts[index] as number);
  }
}
