import { type CodeOf, type ErrorCode, type ErrorKind, errorRegistry, exitStatus, httpStatusOf } from './registry.ts';

/** One thing that is wrong with an input; several are reported together. Never holds a value. */
export interface Finding {
  /** What is wrong, without quoting the input. */
  readonly message: string;
  /** Where: a field path, an option or a column. */
  readonly field?: string;
  /** 1-based line in a text file. */
  readonly line?: number;
  /** 1-based column in a text file's line. */
  readonly column?: number;
  /** 1-based data row of a table (the header does not count). */
  readonly row?: number;
}

/**
 * What an error may say of its circumstances. An allowlist: cell values, tokens and keys have no field here, so they
 * cannot be put in by accident.
 */
export interface ErrorDetails {
  /** 1-based data row (the header does not count). */
  readonly row?: number;
  /** Column name, where the file has a header. */
  readonly column?: string;
  /** 0-based column index. */
  readonly columnIndex?: number;
  readonly batchId?: string;
  readonly file?: string;
  readonly requestId?: string;
  /** HTTP status that a server answered. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** Kind of personal data that was found. */
  readonly detector?: string;
  readonly findings?: readonly Finding[];
  readonly count?: number;
  /** Lines of a stream that stand for good, from its beginning: a sender goes on behind them. */
  readonly accepted?: number;
}

export interface SdpErrorOptions {
  /** The occurrence, in a sentence without input values. Defaults to the code's title. */
  readonly message?: string;
  /** What to do next. Defaults to the code's remedy. */
  readonly remedy?: string;
  readonly details?: ErrorDetails;
  /** Only causes whose message cannot quote input; parsers' errors are replaced, not attached. */
  readonly cause?: unknown;
}

/** Base of every expected failure. `code` is stable; `message` and `remedy` are for people. */
export class SdpError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly remedy: string;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, options: SdpErrorOptions = {}) {
    const entry = errorRegistry[code];
    super(options.message ?? entry.title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.kind = entry.kind;
    this.remedy = options.remedy ?? entry.remedy;
    this.details = options.details ?? {};
  }

  /** Whether the same call may succeed later without any change. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.code === 'rate-limited' || this.code === 'sign-in-blocked';
  }

  get exitStatus(): number {
    return exitStatus[this.kind];
  }

  get httpStatus(): number {
    return httpStatusOf(this.code);
  }
}

function errorClass<K extends ErrorKind>() {
  return class extends SdpError {
    constructor(code: CodeOf<K>, options?: SdpErrorOptions) {
      super(code, options);
    }
  };
}

/** The command line is wrong: show usage. */
export class UsageError extends errorClass<'usage'>() {}
/** A file or variable that configures SDP is wrong: refuse to start. */
export class ConfigError extends errorClass<'config'>() {}
/** The data given is wrong: correct it. */
export class InputError extends errorClass<'input'>() {}
/** The vault cannot serve the request. */
export class VaultError extends errorClass<'vault'>() {}
/** Data is not what it was when it was written: stop and look. */
export class IntegrityError extends errorClass<'integrity'>() {}
/** Something needed is not there at the moment: retry. */
export class UnavailableError extends errorClass<'unavailable'>() {}
/** The other side said no: a retry alone does not help (a rate limit aside). */
export class RejectedError extends errorClass<'rejected'>() {}
/** A property that was required was not reached. */
export class GateError extends errorClass<'gate'>() {}
/** What may be told of the data was told already. */
export class BudgetError extends errorClass<'budget'>() {}
/** The user or the system asked the work to stop. */
export class InterruptedError extends errorClass<'interrupted'>() {}
