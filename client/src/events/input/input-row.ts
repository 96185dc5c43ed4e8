import type { EventRefusal } from '../treatment/index.ts';

/** One event of an input, or why it is none. */
export interface InputRow {
  /** Line, or data row of CSV, 1-based. */
  readonly row: number;
  readonly value?: unknown;
  readonly refused?: EventRefusal;
  /** As it stands in the input: kept, sealed, if it is refused. */
  readonly text: string;
}

/** Rows that were there at once. */
export type InputRows = AsyncIterable<readonly InputRow[]>;
