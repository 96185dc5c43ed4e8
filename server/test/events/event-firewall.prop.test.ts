import type { Event } from '@sdp/shared/contracts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findAnywhere, findInEvent } from '../../src/events/intake/event-firewall.ts';
import { readEvent } from '../../src/events/intake/read-events-rules.ts';
import { aLog, aMetric, aPayment } from './support/pipeline.ts';

const seed = 20_261_122;
let state = seed;
/** mulberry32 */
function chance(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const below = (most: number) => Math.floor(chance() * most);
/** What counters, clocks and gauges show. */
const measures: readonly (() => number)[] = [
  () => below(2 ** 53),
  () => below(10 ** (1 + below(16))),
  () => (1.6e9 + below(4e8)) * 1e9 + below(1e9),
  () => 1.6e12 + below(4e11),
  () => (1.6e12 + below(4e11)) * 1_000 + below(1_000),
  // As the numbers of cards begin.
  () => 4e15 + below(1e15),
  () => 5.1e15 + below(5e14),
  () => -below(2 ** 53),
  () => chance() * 10 ** below(20),
  () => 2 ** below(1_000),
];
const names = Array.from({ length: 64 }, (_, i) => {
  const all = ['bytes_total', 'cpu_time_ns', 'node.timestamp', 'requests', 'heap', 'cells', 'panes', 'accounts'];
  return `${all[i % all.length]}.${'abcdefgh'[i >> 3]}`;
}).with(0, 'sessions.mobile');

it('takes counters, clocks and gauges for no personal data, whatever their digits', () => {
  for (let n = 0; n < 1_000_000; n += names.length) {
    const metrics: Record<string, number> = {};
    for (const name of names) metrics[name] = (measures[below(measures.length)] as () => number)();
    const found = [...findInEvent(aMetric({ metrics })), ...findInEvent(aPayment({ amount: below(1e12) / 100 }))];
    if (found.length > 0) throw new Error(`${JSON.stringify(found)} ${JSON.stringify(metrics)}`);
  }
});

/** Numbers of cards: an issuer's beginning, and Luhn's checksum. */
const card = fc
  .tuple(fc.constantFrom('4', '51', '55', '2221', '3528'), fc.stringMatching(/^\d{16}$/))
  .map(([prefix, digits]) => {
    const body = (prefix + digits).slice(0, 15);
    const sum = [...body].reduce((total, digit, i) => {
      const twice = Number(digit) * 2;
      return total + (i % 2 === 0 ? (twice > 9 ? twice - 9 : twice) : Number(digit));
    }, 0);
    return body + ((10 - (sum % 10)) % 10);
  });

it('refuses the number of a card as a text, in one, among attributes, and under a name of its own', () => {
  const bad = (event: unknown): string | undefined => {
    const read = readEvent(event, Date.now());
    return 'bad' in read ? read.bad.code : undefined;
  };
  fc.assert(
    fc.property(card, (digits) => {
      const number = Number(digits);
      const events: unknown[] = [
        aLog({ message: `paid with ${digits}, thanks` }),
        aLog({ message: digits.replace(/(\d{4})(?=\d)/g, '$1 ') }),
        aLog({ attributes: { order: digits } }),
        aLog({ attributes: { order: number } }),
        aLog({ attributes: { pan: number } }),
        aLog({ tags: { order: digits } }),
        aLog({ user_id: digits }),
        aPayment({ merchant: digits }),
        ...['card_number', 'cardNumber', 'card', 'customer.pan', 'account_number', 'accountNo', 'iban'].flatMap(
          (name) => [
            aMetric({ metrics: { cpu: 1, [name]: number } }),
            { ...aMetric(), metrics: { cpu: 1, [name]: digits } },
          ],
        ),
        { ...aMetric(), metrics: { bytes_total: digits } },
        { ...aPayment(), amount: digits },
        { ...aLog(), card: number },
        { ...aMetric(), more: { card: number } },
      ];
      for (const event of events) expect([event, bad(event)]).toEqual([event, 'raw-pii-found']);
      // No amount is as large.
      expect(bad({ ...aPayment(), amount: number })).toBeDefined();
    }),
    { seed, numRuns: 200 },
  );
});

it('refuses under a name what is no card’s number but as good as one', () => {
  const refused: [Event, string][] = [
    [aMetric({ metrics: { phone: 493012345678 } }), 'phone'],
    [aMetric({ metrics: { 'user.mobile_number': 4915112345678 } }), 'phone'],
    [aMetric({ metrics: { ssn: 457555462 } }), 'us-ssn'],
    [aLog({ attributes: { mobile: 4915112345678 } }), 'phone'],
  ];
  for (const [event, kind] of refused) expect(findInEvent(event)).toMatchObject([{ kind }]);
});

it('says of what is no event for another reason that nothing personal was found among its measures', () => {
  expect(findAnywhere({ type: 'metric', metrics: { bytes_total: 4111111111111111, bad: null } }, 10)).toEqual([]);
  expect(findAnywhere({ type: 'metric', metrics: { card: 4111111111111111, bad: null } }, 10)).toHaveLength(1);
});
