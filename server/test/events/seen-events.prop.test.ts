import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SeenEvent, SeenEvents, type SeenEventsOptions } from '../../src/events/index.ts';

/** The same rules, over plain objects: all that were remembered, in order of arrival. */
class Oracle {
  readonly #remembered: { readonly name: string; readonly arrivedMs: number }[] = [];
  readonly #horizonMs: number;
  readonly #maxEvents: number;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(horizonMs: number, maxEvents: number) {
    this.#horizonMs = horizonMs;
    this.#maxEvents = maxEvents;
  }

  /** Judges a batch event by event, room being made only behind the batch. */
  take(batch: readonly SeenEvent[]): SeenEvent[] {
    const before = new Set(this.#remembered);
    const fresh: SeenEvent[] = [];
    for (const event of batch) {
      this.#nowMs = Math.max(this.#nowMs, event.receivedAtMs);
      const name = JSON.stringify([event.clientId, event.eventId]);
      const isKnown = this.#remembered.some(
        (known) => known.name === name && known.arrivedMs > this.#nowMs - this.#horizonMs,
      );
      if (isKnown) continue;
      this.#remembered.push({ name, arrivedMs: this.#nowMs });
      fresh.push(event);
    }
    const kept = this.#remembered.filter(({ arrivedMs }) => arrivedMs > this.#nowMs - this.#horizonMs);
    const isNew = kept.filter((each) => !before.has(each));
    const isOld = kept.filter((each) => before.has(each));
    this.#remembered.splice(0, Number.POSITIVE_INFINITY, ...[...isOld, ...isNew].slice(-this.#maxEvents));
    return fresh;
  }

  get size(): number {
    return this.#remembered.length;
  }
}

const eventArbitrary = fc.record({
  clientId: fc.constantFrom('acme', 'globex'),
  eventId: fc.nat(40).map((n) => `event-${n}`),
  receivedAtMs: fc.nat(5_000),
});

function take(seen: SeenEvents, batch: readonly SeenEvent[]): readonly SeenEvent[] {
  const { fresh, remember, repeats } = seen.select(batch, (event) => event);
  expect(fresh.length + repeats).toBe(batch.length);
  remember();
  return fresh;
}

describe('SeenEvents', () => {
  it('answers as a plain list does, also from a snapshot and after a handler that failed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.array(eventArbitrary, { maxLength: 30 }), fc.constantFrom('go on', 'fail once', 'restore')),
        ),
        fc.constantFrom(500, 2_000, 100_000),
        fc.constantFrom(7, 64, 1_000),
        (batches, horizonMs, maxEvents) => {
          const options: SeenEventsOptions = { horizonMs, maxEvents };
          const oracle = new Oracle(horizonMs, maxEvents);
          let seen = new SeenEvents(options);
          for (const [batch, what] of batches) {
            if (what === 'fail once') seen.select(batch, (event) => event);
            if (what === 'restore') seen = SeenEvents.restore(seen.snapshot(), options);
            expect(take(seen, batch)).toEqual(oracle.take(batch));
            expect(seen.size).toBe(oracle.size);
          }
        },
      ),
    );
  });

  it('grows with what it remembers, shrinks when that is forgotten, and never exceeds its bound', () => {
    const seen = new SeenEvents({ horizonMs: 1_000, maxEvents: 50_000 });
    const oracle = new Set<string>();
    const batchOf = (from: number, receivedAtMs: number) =>
      Array.from({ length: 10_000 }, (_, i) => ({ clientId: 'acme', eventId: `e${from + i}`, receivedAtMs }));
    for (let n = 0; n < 12; n++) {
      const fresh = take(seen, batchOf(n * 5_000, 10));
      expect(fresh.map(({ eventId }) => eventId)).toEqual(
        batchOf(n * 5_000, 10).flatMap(({ eventId }) => (oracle.has(eventId) ? [] : [eventId])),
      );
      for (const { eventId } of fresh) oracle.add(eventId);
    }
    expect(seen.size).toBe(50_000);
    expect(seen.forgottenEarly).toBe(15_000);
    expect(seen.sizeBytes).toBeLessThanOrEqual(65_536 * 32);
    for (let n = 0; n < 12; n++) take(seen, [{ clientId: 'acme', eventId: `later-${n}`, receivedAtMs: 2_000 + n }]);
    expect(seen.size).toBe(12);
    expect(seen.sizeBytes).toBeLessThanOrEqual(1_024 * 32);
  });

  it('keeps clients apart, and says of a repeat exactly at the horizon that it is new', () => {
    const seen = new SeenEvents({ horizonMs: 1_000 });
    const at = (clientId: string, receivedAtMs: number) =>
      take(seen, [{ clientId, eventId: 'e', receivedAtMs }]).length;
    expect([at('acme', 0), at('globex', 0), at('acme', 999), at('acme', 1_000), at('acme', 1_999)]).toEqual([
      1, 1, 0, 1, 0,
    ]);
  });

  it('refuses a snapshot that is cut off, longer, or of another layout', () => {
    const seen = new SeenEvents();
    take(seen, [{ clientId: 'acme', eventId: 'e', receivedAtMs: 5 }]);
    const bytes = Buffer.from(seen.snapshot());
    const other = Buffer.from(bytes);
    other.writeUInt32LE(2, 4);
    for (const wrong of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.alloc(1)]), other, Buffer.alloc(0)]) {
      expect(() => SeenEvents.restore(wrong)).toThrow(expect.objectContaining({ code: 'record-tampered' }));
    }
  });
});
