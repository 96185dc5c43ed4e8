import { columnMethods } from '@sdp/shared/contracts';
import type { AlphabetSpec, CanonicalStep, DateOrder, DateUnit } from '@sdp/shared/tokenization';

/** What can be done to a column. */
export const configMethods = [...columnMethods, 'drop'] as const;
export type ConfigMethod = (typeof configMethods)[number];

/** The alphabets of `fpe`; a custom one is a text of two or more different characters. */
export const namedAlphabets = ['digits', 'letters', 'alphanumeric'] as const satisfies readonly AlphabetSpec[];
export type FpeAlphabet = AlphabetSpec;

/** Which of day and month stands first in dates such as 03/04/2026. */
export const dateOrders: readonly DateOrder[] = ['dmy', 'mdy'];

/**
 * What happens to a value that the column's method can't take: the run fails, the value is covered as `redact` does, or
 * it gets a token, which detokenize can reverse.
 */
export const invalidTreatments = ['error', 'redact', 'token'] as const;
export type InvalidTreatment = (typeof invalidTreatments)[number];

interface Treated {
  /** Cells that stay as they are, beside the empty ones. */
  readonly nullMarkers?: readonly string[];
}

interface Named extends Treated {
  /** Columns that share it give equal results for equal values. */
  readonly namespace?: string;
}

interface Canonical extends Named {
  /** Applied before equality is decided. */
  readonly canonical?: readonly CanonicalStep[];
  /** Two-letter country code (ISO 3166-1) in which phone numbers without a country code are read. */
  readonly region?: string;
}

interface Vaulted {
  /** Days that the vault keeps the values for; for good where left out. */
  readonly expiresDays?: number;
}

interface Selective {
  readonly onInvalid?: InvalidTreatment;
}

export interface TokenColumn extends Canonical, Vaulted {
  readonly method: 'token';
}

export interface RandomColumn extends Named, Vaulted {
  readonly method: 'random';
}

export interface HashColumn extends Canonical {
  readonly method: 'hash';
}

export interface RedactColumn extends Treated {
  readonly method: 'redact';
}

export interface MaskColumn extends Treated {
  readonly method: 'mask';
  /** Characters left readable at the start and at the end. */
  readonly keepFirst?: number;
  readonly keepLast?: number;
}

export interface EmailColumn extends Canonical, Vaulted {
  readonly method: 'email';
  /** Leaves the part behind the `@` readable. */
  readonly keepDomain?: boolean;
}

export interface FpeColumn extends Named, Selective {
  readonly method: 'fpe';
  /** Digits where left out. */
  readonly alphabet?: FpeAlphabet;
  /** Digit that no number of 12 to 19 digits in the column begins with; 0 where left out. */
  readonly spareDigit?: number;
}

export interface CardColumn extends Named, Vaulted, Selective {
  readonly method: 'card';
  /** Keeps the issuer's six digits; the result is no Luhn-valid number then. */
  readonly keepFirst?: 6;
}

export interface DateShiftColumn extends Named, Selective {
  readonly method: 'date-shift';
  /** Column whose value decides by how many days all dates of its row move. */
  readonly entity: string;
  /** Largest shift in either direction; 30 where left out. */
  readonly maxDays?: number;
  /** Needed where the dates leave it open. */
  readonly dateOrder?: DateOrder;
  /** Whether days and months below ten have a leading zero; they have where left out. */
  readonly padded?: boolean;
}

export interface BucketColumn extends Treated, Selective {
  readonly method: 'bucket';
  /** Exactly one of these says into what the values fall. */
  readonly size?: number;
  readonly bounds?: readonly number[];
  /** With `size` or `bounds`: decimals stand behind a comma, thousands may be apart by dots. */
  readonly decimalComma?: boolean;
  readonly unit?: DateUnit;
  /** With `unit`: needed where the dates leave it open. */
  readonly dateOrder?: DateOrder;
  readonly keepFirst?: number;
}

export interface TextColumn extends Named, Vaulted {
  readonly method: 'text';
  /** Kinds of identifiers to look for; all where left out. */
  readonly kinds?: readonly string[];
  /** Country whose phone numbers and national ids are expected. */
  readonly region?: string;
}

export interface KeepColumn {
  readonly method: 'keep';
}

export interface DropColumn {
  readonly method: 'drop';
}

/** How one column is treated. */
export type ColumnConfig =
  | TokenColumn
  | RandomColumn
  | HashColumn
  | RedactColumn
  | MaskColumn
  | EmailColumn
  | FpeColumn
  | CardColumn
  | DateShiftColumn
  | BucketColumn
  | TextColumn
  | KeepColumn
  | DropColumn;

/** What happens to columns that the configuration does not name. */
export const defaultTreatments = ['error', 'keep', 'drop'] as const;
export type DefaultTreatment = (typeof defaultTreatments)[number];

/** A `configs/*_tokenization.yml`. */
export interface TokenizationConfig {
  readonly sourceTable: string;
  readonly keyColumn?: string;
  readonly default: DefaultTreatment;
  /** Refuses a column whose tokens frequency analysis would undo. */
  readonly strict: boolean;
  /** The file's own settings are in each column already. */
  readonly columns: ReadonlyMap<string, ColumnConfig>;
}
