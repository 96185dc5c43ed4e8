import type { Cell } from '@sdp/shared/contracts';

/** A record's cells in the order of the batch's columns; undefined where the record has no such field. */
export type RecordRow = readonly (Cell | undefined)[];

/**
 * Text of a record: a JSON array. A field that is absent stands as `[]`, which no cell can be, since null is a value.
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
