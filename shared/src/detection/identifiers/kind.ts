/**
 * What speaks for a value being of a kind. `proven`: a checksum and the structure around it, which together fewer than
 * one random value of that form in fifty passes. `shaped`: the form alone, or a checksum that chance passes more often.
 */
export type Evidence = 'proven' | 'shaped';

/** A kind of identifier: what it is called, where it is issued, and how a value is judged. */
export interface IdentifierKind {
  /** Stable name, such as `us-ssn` or `fr-nir`: written into configurations and reports. */
  readonly kind: string;
  /** For people: `US social security number`. */
  readonly label: string;
  /** ISO 3166-1 alpha-2 codes of the countries that issue it; empty for what is the same everywhere. */
  readonly countries: readonly string[];
  /** Whether a check digit or character is part of it. */
  readonly checksum: boolean;
  /** Share of random values of its form that {@link judge} lets pass: between 0 and 1. */
  readonly chance: number;
  /**
   * Whether its form says by itself what it is. Bare digits don't: a table's column of them needs a name or a share of
   * passing cells far above {@link chance}.
   */
  readonly distinct: boolean;
  /** The publication that defines its form and checksum. */
  readonly source: string;
  /** Judges a whole value: blanks around it are ignored, separators allowed where people write them. */
  judge(value: string): Evidence | undefined;
  /** Whether a value's checksum holds, however many random values pass it too; false for kinds without one. */
  passes(value: string): boolean;
  /** Whether a value is written in a form that speaks for itself, and that nothing refuses. */
  speaks(value: string): boolean;
  /** Whether words in a text or a column's name (any case, any separators) announce the kind. */
  announcedBy(words: string): boolean;
}

/** An identifier in a text, in UTF-16 units: `text.slice(start, end)`. It never holds the value. */
export interface LocatedIdentifier {
  readonly kind: string;
  readonly proven: boolean;
  readonly start: number;
  readonly end: number;
}

export interface FindOptions {
  /**
   * Kinds to look for, by name; all of them when missing. Whoever names kinds gets a value that stands alone in its
   * text without further evidence: `121000358` is a routing number where only routing numbers are looked for.
   */
  readonly kinds?: readonly string[];
  /**
   * The text is a cell of a table: a value that is all of it counts by its form, announced or not. Errs on the side of
   * finding: order numbers have such forms too.
   */
  readonly cell?: boolean;
  /** ISO 3166-1 alpha-2 country for national telephone numbers; its kinds win where several fit. */
  readonly region?: string;
  /** Kinds that something outside the text announces, a column's name for instance. */
  readonly announced?: readonly string[];
}
