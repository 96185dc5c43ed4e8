/** Encodings of CSV files that SDP reads and writes back unchanged. */
export const csvEncodings = ['utf-8', 'utf-16le', 'utf-16be', 'latin1'] as const;
export type CsvEncoding = (typeof csvEncodings)[number];

/** Raw bytes of a file, in chunks of any size. A chunk is valid until the next one is asked for. */
export type ByteSource = AsyncIterable<Uint8Array>;

/** Takes bytes in order. The chunk is reused once the promise resolves: copy what must outlive it. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
}

/** How a file is written down; found by looking at its first bytes unless the options say it. */
export interface CsvDialect {
  /** One ASCII character. */
  readonly delimiter: string;
  readonly encoding: CsvEncoding;
  /** Whether the file starts with a byte order mark. */
  readonly bom: boolean;
}

export interface CsvOptions {
  /** One ASCII character; sniffed among `,` `;` tab and `|` where left out. */
  readonly delimiter?: string;
  /** UTF-8 unless a byte order mark says otherwise, where left out. */
  readonly encoding?: CsvEncoding;
  /**
   * Takes rows with fewer cells than the header (the missing cells count as empty, the row's bytes stay as they are) and
   * quotes behind blanks at the start of a cell (literal). Rows with more cells stay an error: nothing says what the extra cells hold.
   */
  readonly lenient?: boolean;
  /** Bytes that one row may have, as UTF-8 or Latin-1; 16 MiB where left out. */
  readonly maxRowBytes?: number;
  /** Stops between two chunks with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Some consecutive data rows. */
export interface RowBatch {
  /** 1-based number of `rows[0]`; the header does not count, blank lines neither. */
  readonly firstRow: number;
  /** Decoded cells, as many per row as the header has (missing cells of short rows, if lenient, are `''`). */
  readonly rows: readonly (readonly string[])[];
}

export interface CsvRows {
  readonly dialect: CsvDialect;
  readonly header: readonly string[];
  /** Can be iterated once. */
  readonly batches: AsyncIterable<RowBatch>;
}

/** What is done to one column of a table. */
export interface ColumnEdit {
  /** 0-based. */
  readonly index: number;
  /**
   * Gives the cell's new value, `undefined` to leave its bytes alone, or is `'drop'` to leave the column out. Not called
   * for empty and missing cells, which stay as they are. `row` is the 1-based data row; `view` shows the row's other
   * cells as they stand in the input.
   */
  readonly replace: ((value: string, row: number, view: RowView) => string | undefined) | 'drop';
  /**
   * Called in place of `replace` where it is there, with the cells of consecutive rows, `values[i]` being that of row
   * `firstRow + i`; `''` stands for an empty or missing cell, and what is returned for one is not looked at. How many
   * rows come at once depends on how the file is read, so each result must depend on its own value alone.
   */
  readonly replaceMany?: (values: readonly string[], firstRow: number) => readonly (string | undefined)[];
  /**
   * Promises that all new values consist of letters, digits and `_` alone, as tokens do: they are written without being
   * looked at.
   */
  readonly plain?: boolean;
}

/** Rows that {@link ColumnEdit.replaceMany} is given at once, at most. */
export const rowGroupSize = 2_048;

/** A data row while it is being rewritten; valid only during the call it is handed to. */
export interface RowView {
  /** 1-based number of the data row. */
  readonly row: number;
  /** Cells the row has in the file; fewer than the header's only if lenient. */
  readonly cellCount: number;
  /** Decoded value of a cell as it stands in the input; `''` where it is missing. */
  cell(index: number): string;
}

/** Columns that are put behind the last one. */
export interface AppendedColumns {
  readonly header: readonly string[];
  /** Values for one row, one per name in `header`; quoted where the file's format needs it. */
  cells(row: RowView): readonly string[];
}

/** What happens to the table; decided once its header is known. */
export interface CsvEdits {
  readonly edits?: readonly ColumnEdit[];
  readonly append?: AppendedColumns;
  /**
   * Says that the values stood in these cells before. One with a quote inside goes into an unquoted cell as it is then;
   * else it is quoted, which every reader understands.
   */
  readonly restores?: boolean;
  /** Awaited after each chunk of rows: the place for back-pressure and progress. */
  readonly afterChunk?: (progress: CsvProgress) => Promise<void> | void;
  /** Where the rewriting starts, and at which places it could be started again. */
  readonly checkpoints?: TableCheckpoints;
}

/**
 * A place between two rows from which a rewriting that was stopped can go on. Rows come in groups of
 * {@link rowGroupSize}; a place always lies between two groups.
 */
export interface TablePosition {
  /** Data rows before it. */
  readonly rows: number;
  /** Bytes before it in the input's text: uncompressed, UTF-16 counted as UTF-8. */
  readonly inputOffset: number;
  /** Bytes before it in the output's text. */
  readonly outputBytes: number;
  /** What else the format's rewriter has to know; JSON. */
  readonly state?: unknown;
}

export interface TableCheckpoints {
  /** Bytes of output from one place to the next, at least. Together with the data it alone decides where the places are. */
  readonly everyBytes: number;
  /** Goes on from here: the input before it is skipped, the header is not written. */
  readonly from?: TablePosition;
  /** Called when all output up to the place has been handed to the sink and taken by it. */
  reached(position: TablePosition): Promise<void>;
}

export interface CsvProgress {
  readonly rows: number;
  readonly inputBytes: number;
}

export interface CsvRewriteSummary {
  readonly dialect: CsvDialect;
  readonly header: readonly string[];
  /** Data rows. */
  readonly rows: number;
  readonly inputBytes: number;
}
