import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CustomerWindows, type FeatureEvent, TerminalWindows } from '../../../src/transactions/features/index.ts';
import { lengths, PlainWindows } from './plain-windows.ts';

const beginMs = Date.UTC(2026, 0, 15);
/** Steps that land on the edges of windows, beside them, on the same time, and before what came already. */
const steps = [0, 1, 999, 60_000, -1, -60_000, ...Object.values(lengths).flatMap((ms) => [ms - 1, ms, ms + 1, -ms])];

function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary, weight: 1 });
}

const steered = fc.record({
  step: fc.oneof(fc.constantFrom(...steps), fc.integer({ min: -100_000_000, max: 400_000_000 })),
  cents: fc.oneof(fc.constantFrom(0, 1, 10_000), fc.integer({ min: 0, max: 10_000_000 })),
  tenant: fc.nat(1),
  customer: fc.nat(2),
  card: fc.option(fc.nat(1), { nil: undefined }),
  terminal: fc.nat(2),
  currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'KWD'),
  /** Sends a past event again. */
  repeatOf: seldom(fc.nat(60)),
  /** Reports a past event as a fraud, known so much later. */
  report: seldom(fc.record({ of: fc.nat(60), afterMs: fc.constantFrom(0, 1, ...Object.values(lengths)) })),
  restore: fc.boolean(),
  /** Forgets what is so much older; the stages always keep 14 days. */
  evict: seldom(fc.constantFrom(0, 60_000, ...Object.values(lengths))),
});

type Step = typeof steered extends fc.Arbitrary<infer T> ? T : never;

function eventOf(step: Step, occurredMs: number, index: number): FeatureEvent {
  return {
    tenant: `tenant-${step.tenant}`,
    transactionId: `t-${index}`,
    occurredMs,
    amount: step.cents / 100,
    currency: step.currency,
    customer: `customer-${step.customer}`,
    card: step.card === undefined ? undefined : `card-${step.card}`,
    terminal: `terminal-${step.terminal}`,
  };
}

function play(sequence: readonly Step[]): void {
  let customers = new CustomerWindows();
  let terminals = new TerminalWindows();
  const plain = new PlainWindows();
  const events: FeatureEvent[] = [];
  const reported = new Set<string>();
  let nowMs = beginMs;
  for (const [index, step] of sequence.entries()) {
    nowMs += step.step;
    const again = step.repeatOf === undefined ? undefined : events[step.repeatOf];
    const event = again ?? eventOf(step, nowMs, index);
    if (!again) events.push(event);
    const subject = step.report && events[step.report.of];
    if (subject && step.report && !reported.has(subject.transactionId)) {
      reported.add(subject.transactionId);
      const outcome = { ...subject, knownMs: subject.occurredMs + step.report.afterMs, fraud: true };
      plain.outcome(outcome);
      terminals.outcome(outcome);
      terminals.outcome(outcome);
    }
    const expected = plain.add(event);
    expect(customers.add(event)).toEqual({ features: expected.customer, isRepeat: expected.isRepeat });
    expect(terminals.add(event)).toEqual({ features: expected.terminal, isRepeat: expected.isRepeat });
    if (step.evict !== undefined) {
      // Whole minutes, as reports are forgotten by the minute.
      const untilMs = Math.floor((nowMs - step.evict) / 60_000) * 60_000;
      plain.forget(untilMs);
      customers.evict(untilMs);
      terminals.evict(untilMs);
    }
    if (step.restore) {
      customers = CustomerWindows.restore(customers.snapshot());
      terminals = TerminalWindows.restore(terminals.snapshot());
    }
  }
}

describe('windows', () => {
  it('say what going through all events says: edges, ties, lateness, repeats, currencies, what is forgotten, restored at any point', () => {
    fc.assert(
      fc.property(fc.array(steered, { maxLength: 60 }), (sequence) => play(sequence)),
      { numRuns: 300 },
    );
  });

  it('say so of a busy customer at a busy terminal too, where sums are kept by blocks', () => {
    const busy = steered.map((step) => ({
      ...step,
      tenant: 0,
      customer: 0,
      terminal: step.terminal % 2,
      restore: false,
    }));
    const sequence = fc.sample(busy, { numRuns: 1_600, seed: 4 });
    // Ten minutes apart on average, so that more than the remembered number lies within 14 days.
    play(
      sequence.map((step, index) => ({
        ...step,
        tenant: 0,
        customer: step.customer && index % 20 === 0 ? 1 : 0,
        terminal: index % 2 === 0 ? 0 : step.cents % 700,
        step: (index % 7 === 0 ? -5_000_000 : 1_500_000) + (step.cents % 1_000),
        restore: index % 400 === 0,
      })),
    );
  }, 60_000);
});
