import { type ColumnSample, factsOf, type SampleFacts } from './column-sample.ts';
import type { ColumnType } from './column-type.ts';
import type { Dictionary } from './dictionary.ts';
import { judgeKinds, type KindShare } from './judge-identifiers.ts';
import { judgeNames, type NameShares } from './judge-names.ts';
import { type NameReading, readColumnName } from './read-column-name.ts';
import * as shapes from './value-shapes.ts';

/** All that is known of a column, before its neighbours are looked at. */
export interface ColumnView {
  readonly name?: string;
  readonly reading: NameReading;
  readonly cells: readonly string[];
  readonly facts: SampleFacts;
  readonly names: NameShares;
  readonly kinds: readonly KindShare[];
  /** Years, where most values are calendar dates. */
  readonly years: readonly number[] | undefined;
}

/** What a column was taken for, and why. */
export interface Judgement {
  readonly type: ColumnType;
  /** Name of the kind of identifier, where one was recognized. */
  readonly kind?: string;
  /** From 0 to 1. */
  readonly confidence: number;
  /** Reasons for people; they never hold a value. */
  readonly evidence: readonly string[];
}

/** A share as people read it. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Looks at a column from every side. */
export function viewColumn({ name, cells }: ColumnSample, dictionary: Dictionary, thisYear: number): ColumnView {
  const facts = factsOf(cells);
  const years = facts.values.flatMap((value) => shapes.yearOfDate(value, thisYear) ?? []);
  return {
    ...(name === undefined ? {} : { name }),
    reading: name === undefined ? { strength: 'none' } : readColumnName(name),
    cells,
    facts,
    names: judgeNames(facts, dictionary),
    kinds: judgeKinds(facts),
    years: years.length >= Math.max(1, facts.values.length * 0.8) ? years : undefined,
  };
}
