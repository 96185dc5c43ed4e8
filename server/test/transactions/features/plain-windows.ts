import type { FeatureEvent } from '../../../src/transactions/features/index.ts';

/** Lengths of the windows in ms, written down once more. */
export const lengths = { '5m': 300_000, '1h': 3_600_000, '1d': 86_400_000, '7d': 604_800_000, '14d': 1_209_600_000 };
const remembered = 1_024;

interface Kept {
  readonly event: FeatureEvent;
  readonly arrival: number;
}

/**
 * What the windows must say, worked out anew for each transaction by going through all events: the definition, without
 * any cleverness.
 */
export class PlainWindows {
  readonly #kept: Kept[] = [];
  readonly #outcomes: { key: string; id: string; knownMs: number }[] = [];

  #horizonMs = Number.NEGATIVE_INFINITY;

  /** Nothing up to this time counts any more. */
  forget(untilMs: number): void {
    this.#horizonMs = Math.max(this.#horizonMs, untilMs);
  }

  /** Counts an event unless its id is there, and gives the customer's, the card's and the terminal's features. */
  add(event: FeatureEvent): { customer: Record<string, number>; terminal: Record<string, number>; isRepeat: boolean } {
    if (event.occurredMs <= this.#horizonMs) {
      // Too late: as if it were the first event ever, and nothing of it stays. Reports count no more, either.
      return new PlainWindows().add(event);
    }
    const isRepeat = this.#kept.some(
      ({ event: kept }) => kept.tenant === event.tenant && kept.transactionId === event.transactionId,
    );
    if (!isRepeat) this.#kept.push({ event, arrival: this.#kept.length });
    const ofCustomer = this.#matching(event, (kept) => kept.customer === event.customer);
    const ofCard = ofCustomer.filter((kept) => kept.card === event.card);
    const ofTerminal = this.#matching(event, (kept) => kept.terminal === event.terminal);
    return {
      customer: {
        ...sideOf('customer', event, ofCustomer),
        ...comparedWith(event, ofCustomer),
        ...(event.card === undefined ? {} : sideOf('card', event, ofCard)),
      },
      terminal: {
        ...sideOf('terminal', event, ofTerminal),
        terminal_amount_to_mean: toMean(event, ofTerminal),
        terminal_customers_1d: distinct(event, ofTerminal, (kept) => kept.customer),
        terminal_reports_7d: this.#reports(event, lengths['7d']).length,
        terminal_reports_14d: this.#reports(event, lengths['14d']).length,
        terminal_seconds_since_report: Math.min(1_209_600, ...this.#reports(event, lengths['14d'])),
      },
      isRepeat,
    };
  }

  /** A fraud that is known; the caller reports each transaction once. */
  outcome(event: { tenant: string; terminal: string; transactionId: string; knownMs: number }): void {
    this.#outcomes.push({ key: `${event.tenant} ${event.terminal}`, id: event.transactionId, knownMs: event.knownMs });
  }

  /** Events of the tenant up to the event's time that match, oldest first. */
  #matching(event: FeatureEvent, matches: (kept: FeatureEvent) => boolean): FeatureEvent[] {
    return this.#kept
      .filter(({ event: kept }) => kept.tenant === event.tenant && kept.occurredMs <= event.occurredMs && matches(kept))
      .filter(({ event: kept }) => kept.occurredMs > this.#horizonMs)
      .sort((a, b) => a.event.occurredMs - b.event.occurredMs || a.arrival - b.arrival)
      .map(({ event: kept }) => kept);
  }

  /** Seconds since each report in the window. */
  #reports(event: FeatureEvent, lengthMs: number): number[] {
    const key = `${event.tenant} ${event.terminal}`;
    const inWindow = ({ knownMs }: { knownMs: number }) =>
      event.occurredMs - lengthMs < knownMs && knownMs <= event.occurredMs && knownMs > this.#horizonMs;
    return this.#outcomes
      .filter((outcome) => outcome.key === key && inWindow(outcome))
      .map(({ knownMs }) => (event.occurredMs - knownMs) / 1_000);
  }
}

function within(event: FeatureEvent, events: readonly FeatureEvent[], lengthMs: number): FeatureEvent[] {
  return events.filter(({ occurredMs }) => event.occurredMs - lengthMs < occurredMs);
}

function othersOf(event: FeatureEvent, events: readonly FeatureEvent[]): FeatureEvent[] {
  return within(event, events, lengths['14d']).filter(({ transactionId }) => transactionId !== event.transactionId);
}

function sideOf(side: string, event: FeatureEvent, events: readonly FeatureEvent[]): Record<string, number> {
  const values: Record<string, number> = {};
  for (const [name, lengthMs] of Object.entries(lengths)) {
    const all = within(event, events, lengthMs);
    const amounts = all.filter(({ currency }) => currency === event.currency).map(thousandths);
    values[`${side}_count_${name}`] = all.length;
    values[`${side}_amount_${name}`] = amounts.reduce((sum, amount) => sum + amount, 0) / 1_000;
    values[`${side}_amount_max_${name}`] = Math.max(0, ...amounts) / 1_000;
  }
  const last = othersOf(event, events).at(-1);
  values[`${side}_seconds_since_last`] = last ? (event.occurredMs - last.occurredMs) / 1_000 : 1_209_600;
  values[`${side}_is_new`] = last ? 0 : 1;
  return values;
}

function comparedWith(event: FeatureEvent, events: readonly FeatureEvent[]): Record<string, number> {
  const others = othersOf(event, events);
  const amounts = others.filter(({ currency }) => currency === event.currency).map(thousandths);
  const largest = Math.max(0, ...amounts);
  return {
    customer_amount_to_mean: toMean(event, events),
    customer_amount_to_max: amounts.length === 0 ? 1 : clipped(thousandths(event), largest),
    customer_amount_deviation: deviation(event, amounts.slice(-256)),
    customer_terminals_1d: distinct(event, events, (kept) => kept.terminal),
    customer_terminal_is_new: newest(others).some(({ terminal }) => terminal === event.terminal) ? 0 : 1,
  };
}

function toMean(event: FeatureEvent, events: readonly FeatureEvent[]): number {
  const amounts = othersOf(event, events)
    .filter(({ currency }) => currency === event.currency)
    .map(thousandths);
  if (amounts.length === 0) return 1;
  return clipped(thousandths(event), amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length);
}

function clipped(amount: number, usual: number): number {
  if (usual === 0) return amount === 0 ? 1 : 1_000;
  return decimals(Math.min(1_000, Math.max(0.001, amount / usual)));
}

function deviation(event: FeatureEvent, amounts: readonly number[]): number {
  if (amounts.length < 2) return 0;
  const logs = amounts.map((amount) => Math.log2(1 + amount / 1_000));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) * (log - mean), 0) / logs.length;
  const value = (Math.log2(1 + thousandths(event) / 1_000) - mean) / Math.max(0.1, Math.sqrt(variance));
  return decimals(Math.max(-10, Math.min(10, value)));
}

function distinct(event: FeatureEvent, events: readonly FeatureEvent[], of: (event: FeatureEvent) => string): number {
  const others = newest(othersOf(event, events));
  return new Set([event, ...within(event, others, lengths['1d'])].map(of)).size;
}

/** The newest in each currency. */
function newest(events: readonly FeatureEvent[]): FeatureEvent[] {
  const left: Record<string, number> = {};
  return events
    .toReversed()
    .filter(({ currency }) => {
      left[currency] = (left[currency] ?? remembered) - 1;
      return (left[currency] as number) >= 0;
    })
    .toReversed();
}

function thousandths({ amount }: FeatureEvent): number {
  return Math.round(amount * 1_000);
}

function decimals(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
