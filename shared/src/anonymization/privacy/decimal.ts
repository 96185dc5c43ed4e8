/** Decimal places that a {@link Decimal} keeps. */
export const decimalPlaces = 18;
/** The number one, as a {@link Decimal}. */
export const decimalOne = 10n ** BigInt(decimalPlaces);

/**
 * A number from 0 on with 18 decimal places, as a multiple of 10⁻¹⁸. Privacy parameters are kept so: ten charges of 0.1
 * are exactly 1, and what a sampler is given is exactly what the ledger was charged.
 */
export type Decimal = bigint & { readonly unit: '1e-18' };

const pattern = /^(\d{1,9})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/;

/** @returns `undefined` for a text that is no number, is negative, or has more decimal places than are kept */
export function parseDecimal(text: string): Decimal | undefined {
  const [, whole, fraction = '', exponent = '0'] = pattern.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const shift = decimalPlaces + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return (digits * 10n ** BigInt(shift)) as Decimal;
  const divisor = 10n ** BigInt(-shift);
  return digits % divisor === 0n ? ((digits / divisor) as Decimal) : undefined;
}

/** The number as people write it: `0.1`, `0.000001`. {@link parseDecimal} reads it back exactly. */
export function formatDecimal(value: Decimal): string {
  const digits = value.toString().padStart(decimalPlaces + 1, '0');
  const fraction = digits.slice(-decimalPlaces).replace(/0+$/, '');
  return digits.slice(0, -decimalPlaces) + (fraction === '' ? '' : `.${fraction}`);
}

/** The nearest double. */
export const decimalToNumber = (value: Decimal): number => Number(formatDecimal(value));

/** A computed bound as a decimal: rounded up where `up`, so that a charge is never too small; else rounded down. */
export function decimalFromNumber(value: number, { up }: { readonly up: boolean }): Decimal {
  if (!(value >= 0 && value < 1e9)) throw new RangeError('A privacy parameter has to be from 0 to a billion.');
  // Doubles are fractions of powers of two, so this is exact.
  const [numerator, denominator] = fractionOf(value);
  const scaled = numerator * decimalOne;
  return ((scaled + (up ? denominator - 1n : 0n)) / denominator) as Decimal;
}

/** A share of a parameter, rounded down: what is left over is not used, and charged nevertheless. */
export const shareOf = (value: Decimal, parts: number): Decimal => (value / BigInt(parts)) as Decimal;

function fractionOf(value: number): readonly [bigint, bigint] {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return [BigInt(scaled), denominator];
}
