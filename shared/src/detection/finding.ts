/** The kinds of personal data that detection knows. */
export const piiKinds = ['email', 'payment-card', 'iban', 'us-ssn', 'phone'] as const;
export type PiiKind = (typeof piiKinds)[number];

/** What was found. It never holds the value. */
export interface PiiFinding {
  readonly kind: PiiKind;
  /** A checksum stands behind it (Luhn, mod 97): not answerable as a false alarm. */
  readonly proven: boolean;
}

/** A find and where it stands, in UTF-16 units of the text that was scanned: `text.slice(start, end)`. */
export interface LocatedFinding extends PiiFinding {
  readonly start: number;
  readonly end: number;
}

/** First place in a column where one kind was found. */
export interface ColumnFinding extends PiiFinding {
  readonly column: string;
  /** 0-based. */
  readonly columnIndex: number;
  /** 1-based data row of the first find. */
  readonly row: number;
  /** Cells of the column in which the kind was found. */
  readonly count: number;
}
