import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { templateDetectorFactory, templateSettingsSchema } from '../../../src/anomaly/templates/index.ts';
import type { StreamEvent } from '../../../src/detectors/index.ts';

const scope = { topic: 'logs', partition: 0 };
const startMs = Date.UTC(2026, 0, 5);
const secondMs = 1_000;
const hourMs = 3_600_000;

function line(number: number, atMs: number, message: string, over: Partial<StreamEvent> = {}): StreamEvent {
  return {
    clientId: 'shop',
    eventId: `l-${number}`,
    type: 'log',
    atMs,
    receivedAtMs: atMs + 300,
    source: 'orders',
    level: 'INFO',
    tags: {},
    message,
    place: { topic: 'logs', partition: 0, offset: BigInt(number), index: 0 },
    ...over,
  };
}

/** A repeatable stream of numbers in [0, 1). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Lines that come by chance, each kind at a rate of its own, from the start for so many hours. */
function usualLines(hours: number, seed = 1): StreamEvent[] {
  const random = uniform(seed);
  const kinds = [
    [20, () => `Order ${Math.floor(random() * 1e6)} accepted`],
    [40, () => `Request took ${Math.floor(random() * 900)} ms`],
    [240, () => `Connection to 10.0.0.${Math.floor(random() * 250)} closed`],
  ] as const;
  const times = kinds.flatMap(([everySeconds, message]) => {
    const found: { atMs: number; message: string }[] = [];
    for (let at = 0; ; ) {
      at += -Math.log(1 - random()) * everySeconds * secondMs;
      if (at > hours * hourMs) return found;
      found.push({ atMs: startMs + Math.floor(at), message: message() });
    }
  });
  return times.sort((a, b) => a.atMs - b.atMs).map(({ atMs, message }, number) => line(number, atMs, message));
}

const settings = templateSettingsSchema.parse({});
const usual = usualLines(30);
const afterMs = startMs + 30 * hourMs;

function learned() {
  const detector = templateDetectorFactory(settings).create(scope);
  expect(detector.observe(usual)).toEqual([]);
  return detector;
}

describe('kinds of log lines', () => {
  test('a new kind is told of once, by its level, without what varies or names', () => {
    const detector = learned();
    const found = detector.observe([
      line(90_001, afterMs, 'Payment of Müller for 17.50 EUR failed', { level: 'ERROR' }),
      line(90_002, afterMs + 1, 'Payment of Müller for 99.50 EUR failed', { level: 'ERROR' }),
    ]);
    expect(found).toMatchObject([
      {
        detector: 'templates',
        alertType: 'template-new',
        level: 'ERROR',
        message: 'ERROR: Payment of <word> for <*> <word> failed',
        tags: { source: 'orders' },
        evidence: { eventIds: ['l-90001'], count: 1, firstOffset: 90_001n },
      },
    ]);
    expect(JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(
      /Müller|17\.50|99\.50/,
    );
  });

  test('while it learns nothing is new', () => {
    const detector = templateDetectorFactory(settings).create(scope);
    expect(detector.observe(usual.slice(0, 3_000))).toEqual([]);
  });

  test('of a flood of new kinds so many are told in an hour, and the rest counted', () => {
    const detector = learned();
    const words = 'abcdefghijklmnopqrstuvwxyz'.split('');
    const flood = words.map((word, index) => line(91_000 + index, afterMs + index, `q${word} failed to start`));
    expect(detector.observe(flood)).toHaveLength(10);
    const later = detector.observe([line(92_000, afterMs + hourMs, 'something else happened')]);
    const next = later.find(({ alertType }) => alertType === 'template-new');
    expect(next?.explanation['new_not_told']).toBe(16);
  });

  test('a surge is told of when it has become one, with its events', () => {
    const detector = learned();
    const surge = Array.from({ length: 100 }, (_, index) =>
      line(93_000 + index, afterMs + index * 1_000, 'Connection to 10.0.0.7 closed', { level: 'WARN' }),
    );
    const [found, ...others] = detector.observe(surge);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ alertType: 'template-surge', level: 'WARNING' });
    expect(found?.metrics['count']).toBeLessThan(40);
    expect(found?.metrics['expected']).toBeGreaterThan(0.5);
    expect(found?.metrics['expected']).toBeLessThan(3);
    expect(found?.evidence.eventIds).toHaveLength(5);
    expect(found?.evidence.firstOffset).toBe(93_000n);
    expect(found?.evidence.count).toBe(found?.metrics['count']);
  });

  const surge = (from: number, atMs: number, lines: number) =>
    Array.from({ length: lines }, (_, index) => line(from + index, atMs + index, 'Connection to 10.0.0.7 closed'));

  test('a huge surge hides no later one', () => {
    const detector = learned();
    expect(detector.observe(surge(100_000, afterMs, 5_000))).toHaveLength(1);
    const usualAgain = usualLines(3, 11).map((event, index) =>
      line(110_000 + index, event.atMs - startMs + afterMs + 300_000, event.message as string),
    );
    const surges = (events: readonly StreamEvent[]) =>
      detector.observe(events).filter(({ alertType }) => alertType === 'template-surge');
    expect(surges(usualAgain)).toEqual([]);
    expect(surges(surge(120_000, afterMs + 4 * hourMs, 100))).toHaveLength(1);
  });

  test('lines of long ago are no surge of now, and one clock ahead hides none', () => {
    const detector = learned();
    expect(detector.observe(surge(100_000, afterMs - hourMs, 500))).toEqual([]);
    const ahead = line(110_000, afterMs + 999 * hourMs, 'Connection to 10.0.0.7 closed', { receivedAtMs: afterMs });
    const [found] = detector.observe([ahead, ...surge(120_000, afterMs + 1, 100)]);
    expect(found).toMatchObject({ alertType: 'template-surge' });
    const first = learned().observe([{ ...ahead, message: 'never seen before' }]);
    expect(first.map(({ at }) => at.getTime())).toEqual([afterMs]);
  });

  test('what is remembered of templates goes with them', () => {
    const detector = templateDetectorFactory(templateSettingsSchema.parse({ max_templates: 10 })).create(scope);
    const words = 'abcdefghijklmnopqrstuvwxyz'.split('');
    detector.observe(words.flatMap((a, index) => words.map((b) => line(index, startMs, `q${a} says x${b} again`))));
    const [[, , state]] = JSON.parse(Buffer.from(detector.snapshot()).toString()).sources;
    const ids = state.miner.leaves.flat().map(({ id }: { id: number }) => id);
    expect(ids.length).toBeLessThanOrEqual(10);
    expect(state.rates.map(([id]: [number]) => id).sort()).toEqual(ids.sort());
  });

  test('a kind that stays away is told of when its bucket is over', () => {
    const detector = learned();
    const others = usualLines(2, 7)
      .filter(({ message }) => !message?.startsWith('Order'))
      .map((event, index) => line(94_000 + index, event.atMs - startMs + afterMs, event.message as string));
    const found = detector.observe(others);
    expect(found.map(({ alertType }) => alertType)).toContain('template-drop');
    expect(found[0]).toMatchObject({ message: expect.stringContaining('Order <*> accepted'), level: 'WARNING' });
  });

  test('lines that come by chance raise next to no alarm in twenty days', () => {
    const detector = templateDetectorFactory(settings).create(scope);
    expect(detector.observe(usualLines(24 * 20, 99)).length).toBeLessThanOrEqual(2);
  });

  test('a source that falls silent, clocks ahead and late lines raise none', () => {
    const detector = learned();
    const later = usualLines(3, 5).map((event, index) =>
      line(95_000 + index, event.atMs - startMs + afterMs + 50 * hourMs, event.message as string, {
        ...(index % 50 === 0 && { atMs: startMs }),
        ...(index % 77 === 0 && { atMs: afterMs + 9_000 * hourMs }),
      }),
    );
    expect(detector.observe(later)).toEqual([]);
  });

  test('sources beyond the limit push out the one unseen for longest', () => {
    const detector = templateDetectorFactory(templateSettingsSchema.parse({ max_sources: 2 })).create(scope);
    for (const source of ['a', 'b', 'a', 'c']) detector.observe([line(1, startMs, 'x', { source })]);
    const kept = JSON.parse(Buffer.from(detector.snapshot()).toString()).sources as [string, string, unknown][];
    expect(kept.map(([, key]) => key)).toEqual(['a', 'c']);
  });
});

describe('snapshots', () => {
  const factory = templateDetectorFactory(
    templateSettingsSchema.parse({ learn_hours: 0.5, learn_lines: 50, bucket_seconds: 30, max_templates: 12 }),
  );
  const random = uniform(3);
  const words = ['started', 'stopped', 'failed', 'paused', 'resumed', 'root', 'anna', 'x', '7', 'y z', 'v=w'];
  const stream = Array.from({ length: 3_000 }, (_, number) => {
    const word = () => words[Math.floor(random() * words.length)] as string;
    const message = random() < 0.7 ? `worker ${word()} again` : `${word()} ${word()} by ${word()}`;
    const atMs = startMs + number * 3_000 - Math.max(0, number - 2_700) * 2_900;
    return line(number, atMs, message, { source: random() < 0.8 ? 'a' : 'b' });
  });
  const whole = factory.create(scope);
  const expected = whole.observe(stream);

  test('split anywhere and restored, a detector finds the same', () => {
    expect(new Set(expected.map(({ alertType }) => alertType)).size).toBeGreaterThan(1);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: stream.length }), fc.integer({ min: 1, max: 700 }), (split, size) => {
        const first = factory.create(scope);
        const found = [...first.observe(stream.slice(0, split))];
        const second = factory.restore(scope, first.snapshot());
        for (let from = split; from < stream.length; from += size) {
          found.push(...second.observe(stream.slice(from, Math.min(from + size, stream.length))));
        }
        expect(found).toEqual(expected);
        expect(Buffer.from(second.snapshot()).equals(whole.snapshot())).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('whatever the lines are, and what is kept of them is bounded', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'failed',
        '\u001b[31mred\u001b[0m',
        'k=v',
        '{"msg":"a b"}',
        '\n',
        '支付失败',
        '🚀',
        ' ',
        '=',
        '"',
        '17 ms',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: 'grapheme', minLength: 40, maxLength: 90 }),
    );
    const message = fc.array(part, { maxLength: 30 }).map((parts) => parts.join(' ').slice(0, 8_192));
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 60 }), fc.nat(), (messages, at) => {
        const events = messages.map((text, number) => line(number, startMs + number * 40_000, text));
        const split = at % (events.length + 1);
        const one = factory.create(scope);
        const told = [...one.observe(events)];
        const first = factory.create(scope);
        const found = [...first.observe(events.slice(0, split))];
        const second = factory.restore(scope, first.snapshot());
        found.push(...second.observe(events.slice(split)));
        expect(found).toEqual(told);
        expect(Buffer.from(second.snapshot()).equals(one.snapshot())).toBe(true);
        expect(one.snapshot().length).toBeLessThan(12 * 20_000);
      }),
    );
  });

  test('bytes that are no snapshot are refused', () => {
    for (const text of ['', 'x', '{}', '{"sources":[["c","a",{}]]}']) {
      expect(() => factory.restore(scope, Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'record-tampered' }),
      );
    }
  });
});
