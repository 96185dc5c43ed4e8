import type { Cell } from '@sdp/shared/contracts';

/** What a cell counts as in a column that can be compared and sorted. They sort in this order. */
export type RangeBand = 'number' | 'text' | 'nothing';

/** First byte of a key. Numbers lie from `negative` up to `text`, texts from there up to `nothing`. */
const lead = { negative: 0x10, zero: 0x11, positive: 0x12, text: 0x20, nothing: 0xff } as const;

/** Longer ones aren't indexed: an entry of PostgreSQL's B-tree holds a third of a page. */
export const maxRangeKeyBytes = 1_024;

const number = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;
const exponentBias = 0x80_00_00_00;
const numbersEnd = Buffer.of(lead.positive + 1);
const textsEnd = Buffer.of(lead.text + 1);

/** A half-open range of keys, `from` included. */
export interface KeyRange {
  readonly from: Buffer;
  readonly before: Buffer;
}

export const comparisons = ['eq', 'lt', 'le', 'gt', 'ge'] as const;
export type Comparison = (typeof comparisons)[number];

/**
 * Bytes that sort as the cells do: numbers by their value and exactly (a text that reads as a JSON number counts as one), then
 * texts by their code points, then what is null or absent.
 *
 * Numbers are sign, decimal exponent and digits, complemented where negative: no two of them fall together, as they would as
 * floating-point numbers. May be longer than {@link maxRangeKeyBytes}.
 */
export function rangeKey(cell: Cell | undefined): Buffer {
  if (cell === null || cell === undefined) return Buffer.of(lead.nothing);
  const text = String(cell);
  const match = typeof cell === 'boolean' ? null : number.exec(text);
  return match ? numberKey(match) : Buffer.concat([Buffer.of(lead.text), Buffer.from(text, 'utf8')]);
}

/** Which keys compare so with a value, of those that are of its kind: a number with numbers, a text with texts. */
export function rangeOf(comparison: Comparison, value: string): KeyRange {
  const key = rangeKey(value);
  const isText = key[0] === lead.text;
  const first = Buffer.of(isText ? lead.text : lead.negative);
  const end = isText ? textsEnd : numbersEnd;
  // No key lies between one and the same with a zero byte behind it.
  const after = Buffer.concat([key, Buffer.of(0)]);
  switch (comparison) {
    case 'eq':
      return { from: key, before: after };
    case 'lt':
      return { from: first, before: key };
    case 'le':
      return { from: first, before: after };
    case 'gt':
      return { from: after, before: end };
    case 'ge':
      return { from: key, before: end };
  }
}

export function isInRange(key: Buffer, { from, before }: KeyRange): boolean {
  return Buffer.compare(key, from) >= 0 && Buffer.compare(key, before) < 0;
}

function numberKey([, sign, whole = '', fraction = '', power = '0']: RegExpExecArray): Buffer {
  const all = whole + fraction;
  const leadingZeros = /^0*/.exec(all)?.[0].length ?? 0;
  const digits = all.slice(leadingZeros).replace(/0+$/, '');
  if (digits === '') return Buffer.of(lead.zero);
  // The number is 0.DIGITS times ten to this power.
  const exponent = Number(power) + whole.length - leadingZeros;
  const body = Buffer.alloc(4 + digits.length + 1);
  body.writeUInt32BE(exponent + exponentBias);
  body.write(digits, 4, 'latin1');
  if (sign !== '-') return Buffer.concat([Buffer.of(lead.positive), body]);
  for (let i = 0; i < body.length; i++) body[i] = 0xff - (body[i] as number);
  return Buffer.concat([Buffer.of(lead.negative), body]);
}
