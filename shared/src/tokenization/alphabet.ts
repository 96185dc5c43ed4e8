/** The characters that format-preserving encryption exchanges; all others stay where they are. */
export type AlphabetSpec = 'digits' | 'letters' | 'alphanumeric' | { readonly custom: string };

export interface Alphabet {
  /** Number of different symbols. */
  readonly radix: number;
  /** The symbols in the order of their numerals, as code points. */
  readonly symbols: readonly string[];
  /** Upper and lower case are one symbol, and each place keeps its case. */
  readonly keepsCase: boolean;
}

/** Signs with which a spreadsheet begins a formula or breaks a line. */
const forbidden = /[=+\-@\t\r\n\0]/;

/**
 * - `digits`: 0–9.
 * - `letters`: A–Z without regard to case; capitals stay capitals and small letters small, each in its place.
 * - `alphanumeric`: 0–9, A–Z and a–z, 62 symbols.
 * - `custom`: the characters given, at least two, none twice.
 *
 * @throws {RangeError} for a custom alphabet of fewer than 2 or more than 65,536 characters, with a repetition, with half
 *   of a surrogate pair, with a sign that could begin a formula, or of digits alone that aren't all ten
 */
export function alphabetOf(spec: AlphabetSpec): Alphabet {
  if (spec === 'digits') return alphabet('0123456789', false);
  if (spec === 'letters') return alphabet('abcdefghijklmnopqrstuvwxyz', true);
  if (spec === 'alphanumeric') {
    return alphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', false);
  }
  const { custom } = spec;
  if (!custom.isWellFormed()) throw new RangeError('An alphabet holds half of a surrogate pair.');
  if (forbidden.test(custom)) throw new RangeError('An alphabet can’t hold = + - @, a tab or a line end.');
  // Some digits alone could make a card number, which only the walk over all ten can keep from coming out.
  if (/^\d+$/.test(custom)) {
    if (custom.length !== 10) throw new RangeError('An alphabet of digits has all ten.');
    return alphabet(Array.from(custom).sort().join(''), false);
  }
  return alphabet(custom, false);
}

/** Whether the symbols are the ten digits, in their order. */
export function isDecimal({ symbols }: Alphabet): boolean {
  return symbols.join('') === '0123456789';
}

function alphabet(text: string, keepsCase: boolean): Alphabet {
  const symbols = Array.from(text);
  if (symbols.length < 2 || symbols.length > 65_536) throw new RangeError('An alphabet has 2 to 65,536 characters.');
  if (new Set(symbols).size !== symbols.length) throw new RangeError('An alphabet holds a character twice.');
  return { radix: symbols.length, symbols, keepsCase };
}
