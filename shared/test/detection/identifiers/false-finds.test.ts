import { findIdentifiers } from '@sdp/shared/detection';
import { describe, expect, test } from 'vitest';
import { seededRandom } from './generated-values.ts';

const random = seededRandom(20_260_101);
const integer = (below: number) => Math.floor(random() * below);
const hex = (length: number) => Array.from({ length }, () => integer(16).toString(16)).join('');
const digits = (length: number) => Array.from({ length }, () => integer(10)).join('');
const pad = (value: number, length: number) => String(value).padStart(length, '0');
const time = () =>
  new Date(
    Date.UTC(2000 + integer(35), integer(12), 1 + integer(28), integer(24), integer(60), integer(60), integer(1000)),
  );

/** Things that systems write everywhere and that identify nobody. */
const makers: Readonly<Record<string, () => string>> = {
  token: () => `tok_${hex(32)}`,
  'token as an address': () => `tok_${hex(32)}@users.invalid`,
  uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
  'md5 digest': () => hex(32),
  'sha-256 digest': () => hex(64),
  'short digest': () => hex(7 + integer(6)),
  'iso time': () => time().toISOString(),
  'log time': () =>
    time()
      .toISOString()
      .replace('T', ' ')
      .replace(/\.\d+Z/, `,${pad(integer(1000), 3)}`),
  'compact log time': () =>
    `${pad(integer(28) + 1, 2)}${pad(integer(12) + 1, 2)}${pad(integer(24), 2)} ${pad(integer(24), 2)}${pad(integer(60), 2)}${pad(integer(60), 2)} ${digits(4)}`,
  'unix time': () => String(1_000_000_000 + integer(1_000_000_000)),
  milliseconds: () => String(time().getTime()),
  float: () => String(random() * 10 ** integer(8)),
  price: () => `${integer(999)},${pad(integer(1000), 3)}.${pad(integer(100), 2)} EUR`,
  version: () => `v${integer(20)}.${integer(40)}.${integer(99)}-rc.${integer(9)}`,
  'sequential number': () => String(100_000 + integer(10_000)),
  'order number': () => `ORD-${2000 + integer(30)}-${pad(integer(1_000_000), 6)}`,
  'bare number': () => digits(5 + integer(7)),
  'date range': () => `${2000 + integer(30)}-${2000 + integer(30)}`,
};

describe('what systems write is not taken for people', () => {
  test.each(Object.entries(makers))('%s', (_, make) => {
    const texts = Array.from({ length: 3000 }, () => `processed ${make()} in ${integer(900)} ms`);
    const found = texts.flatMap((text) => findIdentifiers(text).map((finding) => ({ text, ...finding })));
    expect(found.filter(({ proven }) => proven)).toEqual([]);
    expect(found.length).toBeLessThanOrEqual(texts.length * 0.002);
  });
});
