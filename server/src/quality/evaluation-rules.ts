import type { Cell, ExpectationResult, QualityOutcome } from '@sdp/shared/contracts';
import { binCount, binOf, edgeDistance, isMissing, stabilityIndex } from './distribution-rules.ts';
import type { Expectation, TableExpectations } from './expectation.ts';
import { timeOfCell, valueCheckOf } from './value-checks-rules.ts';

/** Records in each bin, by the name of the expectation's bins. */
export type Profile = Readonly<Record<string, readonly number[]>>;

/** What is known of a job beside its records. */
export interface JobFacts {
  readonly columns: readonly string[];
  readonly recordCount: number;
  readonly receivedAt: Date;
  /** Of the last good job of the table; `undefined` where there is none, `tampered` where it isn't what was stored. */
  readonly earlier: Profile | 'tampered' | undefined;
}

export interface Evaluation {
  readonly outcome: QualityOutcome;
  readonly results: readonly ExpectationResult[];
  /** For the jobs to come. */
  readonly profile: Profile;
}

export interface JobOfTable {
  readonly clientId: string;
  readonly processingType: string;
  readonly columns: readonly string[];
  /** The one that its sender named, if any. */
  readonly sourceTable: string | undefined;
}

/**
 * The table that a job belongs to: the one that it names, whatever its columns are; if the file has none of that name, the first
 * whose columns it has.
 */
export function tableOf(tables: readonly TableExpectations[], job: JobOfTable): TableExpectations | undefined {
  const named = tables.find(({ sourceTable }) => sourceTable === job.sourceTable);
  if (named !== undefined) return isFor(named, job) ? named : undefined;
  return tables.find((table) => isFor(table, job) && hasColumns(table, job));
}

function isFor({ appliesTo: { clients, processingTypes } }: TableExpectations, job: JobOfTable): boolean {
  return (
    (clients === undefined || clients.includes(job.clientId)) &&
    (processingTypes === undefined || (processingTypes as readonly string[]).includes(job.processingType))
  );
}

function hasColumns({ appliesTo: { columns } }: TableExpectations, job: JobOfTable): boolean {
  return columns?.every((column) => job.columns.includes(column)) ?? false;
}

/**
 * What the bins of an expectation are called in a profile: all that they depend on, so that bins that were changed are
 * compared with none. Holds what the file of expectations says, and nothing of the data.
 */
export function profileName(expectation: Extract<Expectation, { expect: 'stable' }>): string {
  return JSON.stringify([expectation.column, expectation.bins]);
}

/** Takes a job's records in one by one and says in the end how the expectations of its table fared. */
export class Evaluator {
  readonly #facts: JobFacts;
  readonly #watchers: readonly Watcher[];

  constructor({ expectations }: TableExpectations, facts: JobFacts) {
    this.#facts = facts;
    this.#watchers = expectations.map((expectation) => new Watcher(expectation, facts));
  }

  add(seq: number, row: readonly (Cell | undefined)[]): void {
    for (const watcher of this.#watchers) watcher.add(seq, row);
  }

  finish(): Evaluation {
    const results = this.#watchers.map((watcher) => watcher.result(this.#facts));
    const failed = results.filter(({ passed }) => !passed);
    const isBad = failed.some(({ severity }) => severity === 'error');
    return {
      outcome: isBad ? 'quarantined' : failed.length > 0 ? 'warned' : 'passed',
      results,
      profile: Object.fromEntries(this.#watchers.flatMap((watcher) => watcher.profile())),
    };
  }
}

const listedRecords = 20;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Follows one expectation through the records. */
class Watcher {
  readonly #expectation: Expectation;
  readonly #index: number;
  readonly #check: ((cell: Cell) => boolean) | undefined;
  readonly #binOf: ((cell: Cell | undefined) => number) | undefined;
  readonly #counts: number[];
  readonly #records: number[] = [];
  /** Clocks and time zones differ by less than a day. */
  readonly #latest: number;
  #checked = 0;
  #failed = 0;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(expectation: Expectation, { columns, receivedAt }: JobFacts) {
    this.#expectation = expectation;
    this.#latest = receivedAt.getTime() + dayMs;
    this.#index = expectation.expect === 'row_count' ? -1 : columns.indexOf(expectation.column);
    this.#check = valueCheckOf(expectation);
    const bins = expectation.expect === 'stable' ? expectation.bins : undefined;
    this.#binOf = bins && binOf(bins);
    this.#counts = bins === undefined ? [] : Array.from({ length: binCount(bins) }, () => 0);
  }

  add(seq: number, row: readonly (Cell | undefined)[]): void {
    if (this.#index < 0) return;
    const cell = row[this.#index];
    const { expect } = this.#expectation;
    if (expect === 'not_null') this.#count(seq, !isMissing(cell));
    else if (this.#binOf !== undefined) this.#bin(this.#binOf(cell));
    else if (isMissing(cell)) return;
    else if (this.#check !== undefined) this.#count(seq, this.#check(cell));
    else if (expect === 'fresh') {
      const time = timeOfCell(cell);
      // A date to come says nothing of how old the data is.
      const isPast = time !== undefined && time <= this.#latest;
      this.#count(seq, isPast);
      if (isPast) this.#newest = Math.max(this.#newest, time);
    }
  }

  #bin(bin: number): void {
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
    this.#checked += 1;
  }

  #count(seq: number, isRight: boolean): void {
    this.#checked += 1;
    if (isRight) return;
    this.#failed += 1;
    if (this.#records.length < listedRecords) this.#records.push(seq);
  }

  profile(): readonly (readonly [string, readonly number[]])[] {
    const expectation = this.#expectation;
    return expectation.expect === 'stable' && this.#index >= 0 ? [[profileName(expectation), this.#counts]] : [];
  }

  result(facts: JobFacts): ExpectationResult {
    const expectation = this.#expectation;
    const base = {
      expectation: expectation.expect,
      column: expectation.expect === 'row_count' ? null : expectation.column,
      severity: expectation.severity,
      note: null,
      checked: this.#checked,
      failed: this.#failed,
      records: this.#records,
      psi: null,
      ks: null,
    };
    if (expectation.expect === 'row_count') {
      const { min, max } = expectation;
      const passed = facts.recordCount >= min && facts.recordCount <= max;
      return { ...base, checked: facts.recordCount, passed };
    }
    if (this.#index < 0) return { ...base, passed: false, note: 'column-missing' };
    if (expectation.expect === 'column') return { ...base, passed: true };
    if (expectation.expect === 'stable') return { ...base, ...this.#drift(expectation, facts) };
    if (expectation.expect === 'fresh') {
      // Without any date nothing is fresh.
      const ageMs = facts.receivedAt.getTime() - this.#newest;
      return { ...base, passed: ageMs <= expectation.maxAgeHours * hourMs };
    }
    return { ...base, passed: this.#failed <= expectation.tolerance * this.#checked };
  }

  #drift(
    expectation: Extract<Expectation, { expect: 'stable' }>,
    { earlier }: JobFacts,
  ): Pick<ExpectationResult, 'passed' | 'note' | 'psi' | 'ks'> {
    if (earlier === 'tampered') return { passed: false, note: 'earlier-job-tampered', psi: null, ks: null };
    const before = earlier?.[profileName(expectation)];
    if (before?.length !== this.#counts.length) return { passed: true, note: 'no-earlier-job', psi: null, ks: null };
    const psi = rounded(stabilityIndex(this.#counts, before));
    const ks = expectation.bins.kind === 'edges' ? rounded(edgeDistance(this.#counts, before)) : null;
    const { maxPsi = Number.POSITIVE_INFINITY, maxKs = Number.POSITIVE_INFINITY } = expectation;
    return { passed: psi <= maxPsi && (ks ?? 0) <= maxKs, note: null, psi, ks };
  }
}

const rounded = (value: number) => Math.round(value * 1e6) / 1e6;
