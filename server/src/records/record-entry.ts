import type { Cell } from '@sdp/shared/contracts';

/** A record's cells in the order of the batch's columns; undefined where the record has no such field. */
export type RecordRow = readonly (Cell | undefined)[];

/** Stands in a record's text for a field that the record doesn't have: no cell looks like it, and null is a value. */
export const absentCell = '[]';

/**
 * Text of a record: a JSON array. An absent field stands as {@link absentCell}; trailing ones are left out.
 */
export function encodeRecord(row: RecordRow): string {
  for (const cell of row) {
    if (cell === undefined) return JSON.stringify(Array.from(row, (each) => (each === undefined ? [] : each)));
  }
  return JSON.stringify(row);
}

export function decodeRecord(entry: string): RecordRow {
  const cells = JSON.parse(entry) as (Cell | [])[];
  return cells.map((cell) => (typeof cell === 'object' && cell !== null ? undefined : cell));
}
