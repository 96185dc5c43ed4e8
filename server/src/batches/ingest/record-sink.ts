import { InputError } from '@sdp/shared/errors';

/** Bounds on what a parser lets through. */
export interface RecordLimits {
  readonly maxRecords: number;
  readonly maxColumns: number;
  /** UTF-16 units: a bound on work and memory, not on storage. */
  readonly maxCellLength: number;
  readonly maxRecordLength: number;
}

/** A record as its parser saw it. Both arrays are the parser's own: take what you need before the next record. */
export interface ParsedRecord {
  /** 1-based. */
  readonly row: number;
  /** Text of each cell in the order of the columns, for detection: a number's is its digits. Undefined: absent. */
  readonly texts: readonly (string | undefined)[];
  /** The record as `records/` stores it. */
  readonly entry: string;
}

/** Takes records in order. @returns a promise to wait for, or undefined to go on at once */
export type RecordSink = (record: ParsedRecord) => Promise<void> | undefined;

/** Column names in the order in which they first came up. */
export class ColumnDictionary {
  readonly names: string[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #maxColumns: number;

  constructor(maxColumns: number) {
    this.#maxColumns = maxColumns;
  }

  indexOf(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  /** @throws {InputError} `request-invalid` when there are too many, or the name is no name */
  add(name: string, row?: number): number {
    const at = row === undefined ? {} : { row };
    if (name === '' || name.length > maxNameLength) {
      throw invalid({ message: `A column name has 1 to ${maxNameLength} characters`, ...at });
    }
    // The one character that PostgreSQL keeps in no text; half a surrogate pair would come back as another name.
    if (name.includes('\u0000') || !name.isWellFormed()) {
      throw invalid({ message: 'A column name has a character that cannot be kept', ...at });
    }
    if (this.names.length >= this.#maxColumns) {
      throw invalid({ message: `There are more than ${this.#maxColumns} columns`, ...at });
    }
    const index = this.names.length;
    this.names.push(name);
    this.#indexes.set(name, index);
    return index;
  }
}

const maxNameLength = 256;

export function invalid(finding: { message: string; row?: number; field?: string }): InputError {
  const place = finding.row === undefined ? '' : ` (row ${finding.row})`;
  return new InputError('request-invalid', {
    message: `${finding.message}${place}`,
    details: { findings: [finding], ...(finding.row !== undefined && { row: finding.row }) },
  });
}

export function malformed(finding: { message: string; row?: number }): InputError {
  const place = finding.row === undefined ? '' : ` (row ${finding.row})`;
  return new InputError('request-malformed', {
    message: `${finding.message}${place}`,
    details: { findings: [finding], ...(finding.row !== undefined && { row: finding.row }) },
  });
}
