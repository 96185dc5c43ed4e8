import { type Outcome, refuse } from './outcome.ts';

/** A decimal number, exactly: `units` times ten to the power of `-scale`. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const mostDigits = 400;

/**
 * Numbers in intervals `[lower, upper)` of one size, beginning at its multiples: `[30000, 40000)`. Decimal fractions are
 * exact, so 0.3 lies in `[0.3, 0.4)` whatever binary arithmetic makes of it.
 */
export function sizedNumber(size: string, decimalComma: boolean): (value: string) => Outcome {
  const step = parseDecimal(size, false);
  if (step === undefined || step.units <= 0n) throw new RangeError('A bucket’s size is a positive number.');
  return (value) => {
    const number = parseDecimal(value, decimalComma);
    if (number === undefined) return refuse('not-a-number');
    const scale = Math.max(step.scale, number.scale);
    const stepUnits = scaled(step, scale);
    const units = scaled(number, scale);
    const below = units >= 0n ? units / stepUnits : -((-units + stepUnits - 1n) / stepUnits);
    const lower = { units: below * step.units, scale: step.scale };
    return interval(lower, { units: lower.units + step.units, scale: step.scale });
  };
}

/** Numbers in the intervals between bounds: `<18`, `[18, 30)`, `>=30`. */
export function boundedNumber(bounds: readonly string[], decimalComma: boolean): (value: string) => Outcome {
  const parsed = bounds.map((bound) => parseDecimal(bound, false));
  const known = parsed.filter((bound) => bound !== undefined);
  if (known.length === 0 || known.length < bounds.length) throw new RangeError('Bounds are numbers, at least one.');
  if (known.some((bound, i) => i > 0 && compare(known[i - 1] as Decimal, bound) >= 0)) {
    throw new RangeError('Bounds ascend.');
  }
  const labels = [`<${show(known[0] as Decimal)}`];
  for (const [i, bound] of known.entries()) {
    const upper = known[i + 1];
    labels.push(upper === undefined ? `>=${show(bound)}` : interval(bound, upper));
  }
  return (value) => {
    const number = parseDecimal(value, decimalComma);
    if (number === undefined) return refuse('not-a-number');
    const above = known.findIndex((bound) => compare(number, bound) < 0);
    return labels[above === -1 ? known.length : above] as string;
  };
}

const plain = /^([+-]?)(\d+)(?:\.(\d*))?$|^([+-]?)\.(\d+)$/;
const exponential = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)[eE]([+-]?\d{1,3})$/;
const groupedByComma = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;
const groupedByDot = /^[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?$/;
const commaFraction = /^[+-]?\d*,\d+$/;

/** Reads 1234.5, 1,234.5 and 1.2e3; with a decimal comma 1234,5 and 1.234,5. */
function parseDecimal(text: string, decimalComma: boolean): Decimal | undefined {
  // A minus may be written as U+2212.
  const trimmed = text.trim().replace(/^\u2212/, '-');
  if (decimalComma) {
    if (groupedByDot.test(trimmed)) return fromPlain(trimmed.replaceAll('.', '').replace(',', '.'));
    if (commaFraction.test(trimmed)) return fromPlain(trimmed.replace(',', '.'));
    return trimmed.includes('.') ? undefined : fromPlain(trimmed);
  }
  if (groupedByComma.test(trimmed)) return fromPlain(trimmed.replaceAll(',', ''));
  const power = exponential.exec(trimmed);
  if (power === null) return fromPlain(trimmed);
  const mantissa = fromPlain(power[1] ?? '');
  if (mantissa === undefined) return undefined;
  const scale = mantissa.scale - Number(power[2]);
  return scale >= 0 ? { ...mantissa, scale } : { units: mantissa.units * 10n ** BigInt(-scale), scale: 0 };
}

function fromPlain(text: string): Decimal | undefined {
  const parts = text.length <= mostDigits ? plain.exec(text) : null;
  if (parts === null) return undefined;
  const sign = parts[1] ?? parts[4] ?? '';
  const fraction = parts[3] ?? parts[5] ?? '';
  const units = BigInt((parts[2] ?? '') + fraction);
  return { units: sign === '-' ? -units : units, scale: fraction.length };
}

function scaled(number: Decimal, scale: number): bigint {
  return number.units * 10n ** BigInt(scale - number.scale);
}

function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = scaled(a, scale) - scaled(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Brackets, so that no interval of negative numbers begins with a sign that a spreadsheet takes for a formula. */
function interval(lower: Decimal, upper: Decimal): string {
  return `[${show(lower)}, ${show(upper)})`;
}

function show({ units, scale }: Decimal): string {
  if (scale === 0) return String(units);
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
