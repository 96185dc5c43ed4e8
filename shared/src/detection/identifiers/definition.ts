/**
 * One kind as its file states it. Layouts are templates: `9` a digit, `A` a letter, `X` either, `~` one of space, dot or
 * hyphen that is the same throughout, `=` any of them, and the separators ` -./:` for themselves.
 */
export interface Definition {
  readonly kind: string;
  readonly label: string;
  readonly countries: readonly string[];
  readonly source: string;
  /** Layouts that say by themselves what they are, given that {@link check} lets them pass. */
  readonly firm?: readonly string[];
  /** Layouts that many other things have: they count where words announce the kind or a caller asks for it. */
  readonly bare?: readonly string[];
  /** Words that announce it, in the languages of the countries that issue it. */
  readonly words: readonly string[];
  /**
   * Judges the characters without separators, letters in upper case: false refuses, `shaped` says that the form is right
   * though the checksum fails. `written` is the same with its separators.
   */
  readonly check?: (compact: string, written: string) => boolean | 'shaped';
  readonly checksum?: boolean;
  /** The form is so peculiar that a firm layout counts in a text even where the checksum fails. */
  readonly peculiar?: boolean;
  /** Share of random values of its layouts for which {@link check} returns true; 1 when there is none. */
  readonly chance: number;
  /** Found in a text only if a caller names it: things that identify nobody by themselves. */
  readonly onRequest?: boolean;
}

/** Passed by fewer than one random value in fifty: such a checksum proves a value. */
export const provingChance = 0.02;

/** Whether passing {@link Definition.check} proves a value. */
export function isProving(definition: Definition): boolean {
  return definition.checksum === true && definition.chance <= provingChance;
}

/** Layouts of so many digits. */
export function digitLayouts(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => '9'.repeat(from + index));
}
