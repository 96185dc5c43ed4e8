import type { ExpectationSeverity, ProcessingType } from '@sdp/shared/contracts';

/** How the values of a column are counted, to compare their distribution with an earlier one. */
export type DistributionBins =
  /** Ascending; values below the first and from the last on are counted too. */
  | { readonly kind: 'edges'; readonly edges: readonly number[] }
  /** All others count together. */
  | { readonly kind: 'categories'; readonly categories: readonly string[] }
  /** By a hash of the value: for tokens and other texts that nobody can list. */
  | { readonly kind: 'buckets'; readonly buckets: number };

/** What each expectation has. */
export interface Common {
  readonly severity: ExpectationSeverity;
}

/** One that looks at the values of a column one by one. */
export interface OfColumn extends Common {
  readonly column: string;
  /** Share of the checked records that may fail. */
  readonly tolerance: number;
}

export const valueTypes = ['integer', 'number', 'date', 'boolean'] as const;
export type ValueType = (typeof valueTypes)[number];

/** One thing that is expected of a job's records. */
export type Expectation =
  | (Common & { readonly expect: 'row_count'; readonly min: number; readonly max: number })
  | (Common & { readonly expect: 'column'; readonly column: string })
  | (OfColumn & { readonly expect: 'not_null' })
  | (OfColumn & { readonly expect: 'type'; readonly type: ValueType })
  | (OfColumn & { readonly expect: 'range'; readonly min: number; readonly max: number })
  | (OfColumn & { readonly expect: 'set'; readonly values: readonly string[] })
  | (OfColumn & { readonly expect: 'pattern'; readonly pattern: string })
  | (OfColumn & { readonly expect: 'unique' })
  | (Common & { readonly expect: 'fresh'; readonly column: string; readonly maxAgeHours: number })
  | (Common & {
      readonly expect: 'stable';
      readonly column: string;
      readonly bins: DistributionBins;
      readonly maxPsi: number | undefined;
      readonly maxKs: number | undefined;
    });

/** What is expected of the jobs of one source table. */
export interface TableExpectations {
  readonly sourceTable: string;
  /** What is left out fits any job. */
  readonly appliesTo: {
    readonly clients: readonly string[] | undefined;
    readonly processingTypes: readonly ProcessingType[] | undefined;
    /** By which a job is known that doesn't name a table of the file: those that it has, beside others. */
    readonly columns: readonly string[] | undefined;
  };
  readonly expectations: readonly Expectation[];
}
