import type { Compression } from '../compression/index.ts';
import type { ByteSource, CsvEdits } from '../csv/index.ts';
import type { InputFile } from '../files/index.ts';
import type { ManifestFormat } from '../manifest/index.ts';
import type { TableFormat } from './table-format.ts';

/** A table to read: what it is, and its text. */
export interface TableInput {
  readonly format: TableFormat;
  readonly compression: Compression;
  readonly file: InputFile;
  /** Uncompressed, from the start. */
  readonly text: ByteSource;
  /** The same once more; not there for what can be read only once. */
  readonly textAgain?: () => ByteSource;
  /** Bytes of the file itself that have been read for `text`. */
  fileBytesRead(): number;
}

/** Says what is done to which column, once the names of the columns are known. */
export type TablePlan = (header: readonly string[]) => CsvEdits | Promise<CsvEdits>;

export interface TableSummary {
  readonly header: readonly string[];
  readonly rows: number;
  /** How the output is written down, for its manifest. */
  readonly format: ManifestFormat;
  /** Replaced values that will come back equal, but spelled otherwise. */
  readonly respelled: number;
}
