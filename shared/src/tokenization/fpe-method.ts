import { type Alphabet, isDecimal } from './alphabet.ts';
import { createFf1 } from './ff1.ts';
import type { BlockEncryptor } from './ff1-layout.ts';
import { longestCard, shortestCard } from './luhn.ts';
import { luhnWalk } from './luhn-walk.ts';
import { type NumeralTexts, numeralText } from './numeral-text.ts';
import { type Outcome, type Refusal, refuse } from './outcome.ts';

export interface FpeOptions {
  readonly alphabet: Alphabet;
  /** Binds the result to its place, so that equal values of different columns differ: the namespace, as bytes. */
  readonly tweak: Uint8Array;
  /** AES-ECB under a key made for this alone; `aesEcbEncryptor` of the crypto part. */
  readonly cipher: BlockEncryptor;
  /** The digit that no number of 12 to 19 digits in the column begins with; `0` where left out. See `luhnWalk`. */
  readonly spareDigit?: number;
}

/**
 * Format-preserving encryption of many values at once: one outcome a value, in order. A value's outcome depends on the
 * value alone, not on those beside it.
 */
export interface FpeMethod {
  /** Refuses with `too-short`, `too-long` or `spare-digit`. */
  protectMany(values: readonly string[]): Outcome[];
  /** Undoes {@link FpeMethod.protectMany}. Refuses what that never gives. */
  restoreMany(values: readonly string[]): Outcome[];
}

/**
 * Encrypts the characters of an alphabet with {@link createFf1 FF1} and leaves all others where they are, so that length,
 * separators and, for letters, the case of each place stay. An empty value stays empty.
 *
 * A value needs so many characters of the alphabet that radix^length reaches a million; six digits do. Numbers of 12 to
 * 19 digits never come out Luhn-valid, so that nothing takes them for card numbers.
 *
 * @throws {RangeError} if `spareDigit` is no digit
 */
export function fpeMethod(options: FpeOptions): FpeMethod {
  const { alphabet, tweak, cipher, spareDigit = 0 } = options;
  if (!Number.isSafeInteger(spareDigit) || spareDigit < 0 || spareDigit > 9) {
    throw new RangeError('The spare digit is 0 to 9.');
  }
  const ff1 = createFf1({ encryptBlocks: cipher, radix: alphabet.radix, tweak });
  const walk = luhnWalk(ff1, spareDigit);
  const walks = isDecimal(alphabet);
  const codec = numeralText(alphabet);
  const isCardLength = (length: number) => walks && length >= shortestCard && length <= longestCard;

  const refusalOf = (texts: NumeralTexts, index: number, protect: boolean): Refusal | undefined => {
    const start = texts.starts[index] as number;
    const length = (texts.starts[index + 1] as number) - start;
    if (length < ff1.shortest) return refuse('too-short');
    if (length > ff1.longest) return refuse('too-long');
    if (!isCardLength(length)) return undefined;
    if (protect) return walk.takes(texts.numerals, start) ? undefined : refuse('spare-digit');
    return walk.gives(texts.numerals, start, length) ? undefined : refuse('not-encrypted');
  };

  const run = (values: readonly string[], protect: boolean): Outcome[] => {
    const texts = codec.parse(values);
    const refusals: (Refusal | undefined)[] = values.map((value, i) =>
      value === '' ? undefined : refusalOf(texts, i, protect),
    );
    for (const [length, members] of byLength(texts, refusals)) {
      const engine = isCardLength(length) ? walk : ff1;
      gather(texts, members, length, (numerals) =>
        protect ? engine.encrypt(numerals, length) : engine.decrypt(numerals, length),
      );
    }
    const outcomes: Outcome[] = codec.format(values, texts);
    for (const [i, refusal] of refusals.entries()) if (refusal !== undefined) outcomes[i] = refusal;
    return outcomes;
  };
  return { protectMany: (values) => run(values, true), restoreMany: (values) => run(values, false) };
}

/** Which texts have how many numerals; those refused and those without any are in no group. */
function byLength({ starts }: NumeralTexts, refusals: readonly unknown[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [i, refusal] of refusals.entries()) {
    const length = (starts[i + 1] as number) - (starts[i] as number);
    if (refusal !== undefined || length === 0) continue;
    const group = groups.get(length);
    if (group === undefined) groups.set(length, [i]);
    else group.push(i);
  }
  return groups;
}

/** Has the numerals of some texts, all of one length, replaced in place. */
function gather(
  { numerals, starts }: NumeralTexts,
  members: readonly number[],
  length: number,
  replace: (numerals: Uint16Array) => void,
): void {
  if (members.length * length === numerals.length) {
    replace(numerals);
    return;
  }
  const some = new Uint16Array(members.length * length);
  for (const [i, member] of members.entries()) {
    const start = starts[member] as number;
    some.set(numerals.subarray(start, start + length), i * length);
  }
  replace(some);
  for (const [i, member] of members.entries()) {
    numerals.set(some.subarray(i * length, (i + 1) * length), starts[member]);
  }
}
