import type { SdpError } from '@sdp/shared/errors';

/** A cell of a printed table. Numbers are aligned to the right. */
export type TableCell = string | number;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly TableCell[])[];
}

/** A running count, shown on a terminal only. */
export interface Progress {
  /** Sets the count and, where it has become known, the total; cheap enough to call often. */
  update(done: number, total?: number): void;
  /** Changes what stands before the count, e.g. the state of a batch. */
  label(text: string): void;
  /** Clears the line. */
  stop(): void;
}

/**
 * What a command says to its user. The only way to stdout and stderr: results go to stdout, all else to stderr, and
 * control characters in either are escaped, since names and a server's sentences may hold terminal sequences.
 */
export interface Terminal {
  /** Whether stdout gets one JSON object instead of text. */
  readonly json: boolean;
  readonly quiet: boolean;
  /**
   * The command's outcome, once per command: `text` (or a table) for people, `json` with `--json`. With `--quiet` the
   * text is left out; the JSON object is not.
   */
  result(text: string | readonly (string | Table)[], json: Readonly<Record<string, unknown>>): void;
  /** A remark on stderr, silenced by `--quiet`. */
  info(text: string): void;
  /** Something that the user should know even with `--quiet`. */
  warn(text: string): void;
  /** Starts a progress line; it is a no-op where stderr is no terminal, with `--quiet` and with `--json`. */
  progress(label: string, options?: { readonly total?: number; readonly unit?: string }): Progress;
  /** Prints a failure with its hint and findings; with `--json` an object `{"error": …}` on stdout. */
  error(error: SdpError): void;
  /** From here on stdout belongs to the command's data: results that are text go to stderr. */
  reserveStdout(): void;
}
