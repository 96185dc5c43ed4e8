import { UnavailableError } from '@sdp/shared/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SizedEvent } from '../../src/events/intake/event-groups.ts';
import { takeLines } from '../../src/events/intake/take-lines.ts';
import { aLog, ndjson } from './support/pipeline.ts';

async function* cut(text: string, at: readonly number[]): AsyncGenerator<string> {
  const ends = [...new Set(at.map((n) => text.indexOf('\n', n) + 1).filter((n) => n > 0)), text.length].sort(
    (a, b) => a - b,
  );
  let from = 0;
  for (const end of ends) {
    if (end > from) yield text.slice(from, end);
    from = end;
  }
}

describe('takeLines', () => {
  it('accepts in order exactly what stands before the first line that cannot be taken, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(40),
        fc.option(fc.nat(40)),
        fc.option(fc.nat(60)),
        fc.array(fc.nat(6_000)),
        fc.constantFrom(1, 500, 100_000),
        async (count, badAt, failAfter, cuts, maxPendingBytes) => {
          const events = Array.from({ length: count }, () => aLog());
          const bad = badAt !== null && badAt < count ? badAt : undefined;
          const text = ndjson(events.map((event, i) => (i === bad ? { ...event, level: 'LOUD' } : event)));
          const durable: SizedEvent[] = [];
          const accept = async (part: readonly SizedEvent[]) => {
            await new Promise(setImmediate);
            if (failAfter !== null && durable.length >= failAfter) throw new UnavailableError('bus-unavailable');
            durable.push(...part);
          };
          const outcome = await takeLines(cut(text, cuts), { accept, admit: () => undefined, maxPendingBytes }).then(
            (lines) => ({ lines, code: '' }),
            (error) => ({ lines: error.details.accepted, code: error.code }),
          );
          const reached = bad ?? count;
          expect(outcome.lines).toBe(durable.length);
          expect(durable.map(({ event }) => event)).toEqual(events.slice(0, durable.length));
          if (outcome.code === 'bus-unavailable') expect(durable.length).toBeGreaterThanOrEqual(failAfter ?? 0);
          else {
            expect(outcome.lines).toBe(reached);
            expect(outcome.code).toBe(bad === undefined ? '' : 'request-invalid');
          }
        },
      ),
    );
  });

  it('sends what has come without waiting for more', async () => {
    let seen = 0;
    async function* slow() {
      yield ndjson([aLog()]);
      await expect.poll(() => seen).toBe(1);
      yield ndjson([aLog(), aLog()]);
    }
    const accept = async (part: readonly SizedEvent[]) => {
      seen += part.length;
    };
    expect(await takeLines(slow(), { accept, admit: () => undefined })).toBe(3);
    expect(seen).toBe(3);
  });
});
