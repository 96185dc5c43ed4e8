import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventBatchSchema, eventSchema, isSurelyEvent } from '../../src/contracts/index.ts';

const goodName = fc.stringMatching(/^[A-Za-z_@$][A-Za-z0-9_.:/@$-]{0,20}$/).filter((name) => name !== '__proto__');
const oddName = fc.constantFrom(
  '__proto__',
  'constructor',
  '',
  '1st',
  'a b',
  'x'.repeat(64),
  'x'.repeat(65),
  '__proto__x',
);
const short = fc.oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.constantFrom('x'.repeat(128), 'ß💶\u0000'));
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const instant = fc.oneof(
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-01-01') }).map((date) => date.toISOString()),
  fc.constantFrom('2024-02-29T23:59:59+02:00', '2026-01-01T00:00:00.123456789Z'),
);
const tags = fc.dictionary(goodName, fc.string({ maxLength: 12 }), { maxKeys: 32 });
const common = { event_id: short, at: instant, user_id: short, host: short, source: short, tags };
const shapes = fc.oneof(
  fc.record(
    {
      ...common,
      type: fc.constant('log'),
      level: fc.constantFrom('TRACE', 'INFO', 'FATAL'),
      message: fc.oneof(fc.string(), fc.constant('m'.repeat(8_192))),
      attributes: fc.dictionary(goodName, fc.oneof(fc.string(), number, fc.boolean(), fc.constant(null)), {
        maxKeys: 64,
      }),
    },
    { requiredKeys: ['event_id', 'at', 'type', 'level', 'message'] },
  ),
  fc.record(
    { ...common, type: fc.constant('metric'), metrics: fc.dictionary(goodName, number, { minKeys: 1, maxKeys: 64 }) },
    { requiredKeys: ['event_id', 'at', 'type', 'metrics'] },
  ),
  fc.record(
    {
      ...common,
      type: fc.constant('transaction'),
      amount: fc.double({ noNaN: true, min: -1e12, max: 1e12 }),
      currency: fc.constant('EUR'),
      country: fc.constant('DE'),
      ...{ merchant: short, category: short, channel: short },
    },
    { requiredKeys: ['event_id', 'at', 'type', 'user_id', 'amount'] },
  ),
);

/** Values at and beyond the bounds, and of other kinds. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      '',
      'x'.repeat(129),
      'h'.repeat(255),
      'h'.repeat(256),
      'm'.repeat(8_193),
      'info',
      'WARNING',
      'eur',
      'EURO',
      'DEU',
    ],
    ...['log', 'metric', 'transaction', 'Log', 'toString', '__proto__', 'constructor'],
    ...['2026-02-30T00:00:00Z', '2026-01-01T00:00Z', '2026-01-01T00:00:00', '2026-01-01', '2026-01-01T24:00:00Z'],
    ...['2026-01-01T00:00:00+0200', `2026-01-01T00:00:00.${'0'.repeat(30)}Z`, '0000-01-01T00:00:00Z'],
    ...[0, -0, 1e12, -1e12, 1e12 + 1, -1e13, null, true, {}, [], ['x'], { a: {} }, { a: '' }, { a: 'x'.repeat(257) }],
  ),
  fc.dictionary(goodName, fc.oneof(number, fc.string({ maxLength: 3 })), { minKeys: 30, maxKeys: 70, size: 'max' }),
  oddName.map((name) => Object.fromEntries([[name, 'x']])),
  fc.constantFrom(1_024, 1_025, 256, 257).map((length) => ({ a: 'x'.repeat(length) })),
);
const fields = [
  'event_id',
  'type',
  'at',
  'user_id',
  'host',
  'source',
  'tags',
  'level',
  'message',
  'attributes',
  'metrics',
];
const place = fc.oneof(fc.constantFrom(...fields, 'amount', 'currency', 'country', 'merchant'), oddName);
type Change = readonly ['set', string, unknown] | readonly ['drop', string, null];
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.constant('set' as const), place, odd),
  fc.tuple(fc.constant('drop' as const), place, fc.constant(null)),
);

/** Events, half of them changed in a place or two; as they come over the wire. */
const candidate = fc
  .tuple(shapes, fc.oneof(fc.constant([]), fc.array(change, { minLength: 1, maxLength: 2 })))
  .map(([shape, changes]): unknown => {
    const event: Record<string, unknown> = { ...shape };
    for (const [what, name, value] of changes) {
      if (what === 'drop') delete event[name];
      else Object.defineProperty(event, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return JSON.parse(JSON.stringify(event)) as unknown;
  });

describe('isSurelyEvent', () => {
  it('takes nothing that the contract refuses or would change', () => {
    let sure = 0;
    fc.assert(
      fc.property(candidate, (value) => {
        if (!isSurelyEvent(value)) return;
        sure += 1;
        const parsed = eventSchema.safeParse(value);
        expect(parsed.success).toBe(true);
        expect(JSON.parse(JSON.stringify(parsed.data))).toEqual(value);
        // Not even what a plain comparison doesn't see.
        expect(Object.keys(parsed.data ?? {}).sort()).toEqual(Object.keys(value as object).sort());
      }),
      { numRuns: 3_000 },
    );
    expect(sure).toBeGreaterThan(1_000);
  });

  it('knows nearly all that the contract takes', () => {
    let missed = 0;
    let taken = 0;
    fc.assert(
      fc.property(candidate, (value) => {
        if (!eventSchema.safeParse(value).success) return;
        taken += 1;
        if (!isSurelyEvent(value)) missed += 1;
      }),
      { numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(1_000);
    expect(missed).toBeLessThan(taken / 20);
  });
});

describe('eventBatchSchema', () => {
  const event = { type: 'log', event_id: 'a', at: '2026-01-01T00:00:00Z', level: 'INFO', message: 'm' };
  const batch = { type: 'log', client_id: 'acme', shard: 3, received_at: '2026-01-01T00:00:00.000Z', events: [event] };
  const isValid = (value: unknown) => eventBatchSchema.safeParse(value).success;

  it('takes events of its type alone, in bounds, and nothing else beside them', () => {
    expect(isValid(batch)).toBe(true);
    expect(isValid({ ...batch, events: Array(256).fill(event) })).toBe(true);
    const wrong = [
      { ...batch, events: [] },
      { ...batch, events: Array(257).fill(event) },
      { ...batch, type: 'metric' },
      { ...batch, shard: 16 },
      { ...batch, shard: 1.5 },
      { ...batch, shard: -1 },
      { ...batch, client_id: '' },
      { ...batch, received_at: '2026-01-01' },
      { ...batch, more: 1 },
      { ...batch, events: [{ ...event, more: 1 }] },
    ];
    for (const value of wrong) expect(isValid(value)).toBe(false);
  });
});
