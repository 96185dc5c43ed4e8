import { bigRounds } from './ff1-big-rounds.ts';
import { fastRounds } from './ff1-fast-rounds.ts';
import { type BlockEncryptor, type Ff1Layout, layoutOf } from './ff1-layout.ts';

export interface Ff1Options {
  readonly encryptBlocks: BlockEncryptor;
  /** 2–65,536 */
  readonly radix: number;
  /** Public, at most 65,536 bytes; another tweak is another permutation. Empty where left out. */
  readonly tweak?: Uint8Array;
  /** Fewest texts of one length, radix^length; 1,000,000 where left out. Lower it for published test vectors alone. */
  readonly smallestDomain?: number;
}

/**
 * FF1 over many texts of one length at once. They stand one after the other in one array, a numeral (0 to radix - 1) an
 * element, and are replaced in place.
 */
export interface Ff1 {
  /** Fewest numerals of a text. */
  readonly shortest: number;
  readonly longest: number;
  /** @throws {RangeError} for a length outside of the limits, a part of a text, or a numeral that isn't below the radix */
  encrypt(numerals: Uint16Array, length: number): void;
  /** The inverse of {@link Ff1.encrypt}; throws likewise. */
  decrypt(numerals: Uint16Array, length: number): void;
}

/** Texts that go through the rounds together: enough to hide the cost of a call, few enough for the cache. */
const lockstep = 4_096;
/** FF1 allows far more; beyond this, arithmetic on one text takes milliseconds. */
const longest = 1_024;
const longestTweak = 65_536;

/**
 * FF1, format-preserving encryption of NIST SP 800-38G (algorithms 7 and 8), with AES of any key size.
 *
 * All texts take round one together, then round two, and so on: each round needs one AES block a text, and one call
 * encrypts them all, where a call a text would be most of the time. The minimum of a million texts is that of the
 * standard's first revision; its original asked for a hundred only, which attacks have shown to be too few (Durak and
 * Vaudenay, CRYPTO 2017).
 *
 * @throws {RangeError} for a radix or a tweak outside of the limits
 */
export function createFf1(options: Ff1Options): Ff1 {
  const { encryptBlocks, radix, tweak = new Uint8Array(0), smallestDomain = 1_000_000 } = options;
  if (!Number.isSafeInteger(radix) || radix < 2 || radix > 65_536)
    throw new RangeError('FF1 takes a radix of 2 to 65,536.');
  if (tweak.length > longestTweak) throw new RangeError('The tweak is too long.');
  let shortest = 2;
  while (radix ** shortest < smallestDomain) shortest += 1;

  const layouts = new Map<number, Ff1Layout>();
  const layoutFor = (length: number): Ff1Layout => {
    let layout = layouts.get(length);
    if (layout === undefined) {
      layout = layoutOf(radix, length, tweak, encryptBlocks);
      layouts.set(length, layout);
    }
    return layout;
  };

  const run = (numerals: Uint16Array, length: number, decrypt: boolean): void => {
    if (!Number.isSafeInteger(length) || length < shortest || length > longest) {
      throw new RangeError('The text is too short or too long for FF1.');
    }
    if (numerals.length % length !== 0) throw new RangeError('The last text is incomplete.');
    for (let i = 0; i < numerals.length; i += 1) {
      if ((numerals[i] as number) >= radix) throw new RangeError('A numeral is not below the radix.');
    }
    const layout = layoutFor(length);
    const rounds = layout.fitsNumbers ? fastRounds : bigRounds;
    for (let start = 0; start < numerals.length; start += lockstep * length) {
      rounds(layout, encryptBlocks, numerals.subarray(start, start + lockstep * length), decrypt);
    }
  };
  return {
    shortest,
    longest,
    encrypt: (numerals, length) => run(numerals, length, false),
    decrypt: (numerals, length) => run(numerals, length, true),
  };
}
