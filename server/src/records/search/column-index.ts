import type { KeyObject } from 'node:crypto';
import type { Cell, IndexDeclaration, IndexKind } from '@sdp/shared/contracts';
import { deriveKey, type KeyedDigest, keyedDigest } from '@sdp/shared/crypto';
import { InputError } from '@sdp/shared/errors';
import type { RecordRow } from '../record-entry.ts';
import { maxRangeKeyBytes, rangeKey } from './range-key.ts';

/** A column that was declared as one that can be searched. */
export interface IndexedColumn {
  readonly name: string;
  /** Its number among those that were declared, in order of their names. */
  readonly columnNo: number;
  readonly kind: IndexKind;
}

/** The columns of a batch that can be searched, and how their cells become keys. */
export interface ColumnIndex {
  readonly columns: readonly IndexedColumn[];
  cellOf(column: IndexedColumn, cells: RecordRow): Cell | undefined;
  /** By what a cell is found. */
  keyOf(column: IndexedColumn, cell: Cell | undefined): Buffer;
  /**
   * Of every column, in their order.
   *
   * @param row of the batch, counted from 1, for the error
   * @throws {InputError} `request-invalid` for a cell that is too long to be sorted by
   */
  keysOf(cells: RecordRow, row: number): Buffer[];
}

/** Bytes of a keyed digest that are kept: what is found is compared with the record itself anyway. */
const blindBytes = 16;
const nothing = Buffer.alloc(0);

/**
 * Keys of `equal` columns are digests under a key of the batch and column: who reads the database can't test guesses against
 * them, nor tell that two batches or columns have a value in common. That key comes from the server's own, so that the index
 * outlives the data keys.
 *
 * @param cellNo where in a record a column's cell is; undefined while no record has had one
 */
export function createColumnIndex(
  serverKey: KeyObject,
  batchId: string,
  declared: IndexDeclaration,
  cellNo: (column: string) => number | undefined,
): ColumnIndex {
  const names = Object.keys(declared).sort();
  const columns = names.map((name, columnNo): IndexedColumn => ({ name, columnNo, kind: declared[name] ?? 'equal' }));
  const batchKey = deriveKey(serverKey, 'server-record-index-v1', batchId);
  const digests = columns.map(({ kind, columnNo }): KeyedDigest | undefined =>
    kind === 'equal' ? keyedDigest(batchKey, columnNo) : undefined,
  );
  const cellOf = ({ name }: IndexedColumn, cells: RecordRow): Cell | undefined => {
    const no = cellNo(name);
    return no === undefined ? undefined : cells[no];
  };
  const keyOf = ({ columnNo }: IndexedColumn, cell: Cell | undefined): Buffer => {
    const digest = digests[columnNo];
    if (digest === undefined) return rangeKey(cell);
    // What isn't there equals nothing.
    if (cell === null || cell === undefined) return nothing;
    return Buffer.from(digest(String(cell)).slice(0, 2 * blindBytes), 'hex');
  };
  return {
    columns,
    cellOf,
    keyOf,
    keysOf: (cells, row) =>
      columns.map((column) => {
        const key = keyOf(column, cellOf(column, cells));
        if (key.length > maxRangeKeyBytes) throw tooLong(column.name, row);
        return key;
      }),
  };
}

function tooLong(field: string, row: number): InputError {
  return new InputError('request-invalid', {
    message: 'A cell is too long for a column that is to be sorted',
    details: { findings: [{ message: `at most ${maxRangeKeyBytes - 1} bytes`, field, row }] },
  });
}
