import type { Transaction } from '@sdp/shared/contracts';
import { createPopulation, type SimulatedCustomer } from './population.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

/** A transaction, and what it really is. */
export interface SimulatedTransaction {
  readonly transaction: Transaction;
  readonly occurredMs: number;
  /** By which way of cheating; undefined where it is honest. */
  readonly fraud?: FraudScenario;
}

/** A stolen card used for large amounts, a terminal that cheats all its customers, a card number in the wrong hands. */
export type FraudScenario = 'large-amount' | 'terminal' | 'card';

export interface SimulationOptions {
  readonly seed: number;
  /** Over all the time. */
  readonly transactions: number;
  /** Time in which they take place. */
  readonly days: number;
  /** When the last one takes place. */
  readonly untilMs: number;
}

const dayMs = 86_400_000;
/** Of the mean of the customers' habits. */
const perCustomerAndDay = 2;
const maxCustomers = 200_000;
const largeAmount = 220;

/**
 * Transactions in the order of their times. Habits and ways of cheating are those of the Fraud Detection Handbook (chapter 3): any
 * amount above 220 is fraud; every day two of a thousand terminals begin to cheat for 28 days; every day three of five thousand
 * customers' cards begin to be used by others for 14 days, a third of the time, for five times the amount.
 */
export function* simulateTransactions(options: SimulationOptions): Generator<SimulatedTransaction> {
  const { seed, transactions, days, untilMs } = options;
  const random = seededRandom(seed);
  const count = Math.max(5, Math.min(maxCustomers, Math.ceil(transactions / (days * perCustomerAndDay))));
  const { customers, terminals } = createPopulation(random, count);
  const spree = new Compromised(random, terminals.length, (terminals.length * 2) / 10_000, 28);
  const theft = new Compromised(random, customers.length, (customers.length * 3) / 5_000, 14);
  const places = new Map(terminals.map(({ token }, i) => [token, i]));
  const pick = weighted(random, customers);
  const startMs = untilMs - days * dayMs;
  const run = `sim-${untilMs.toString(36)}-${seed.toString(36)}`;
  const clock = dailyClock(random, transactions, days);
  for (let i = 0; i < transactions; i++) {
    const occurredMs = Math.round(startMs + clock(i));
    const day = Math.floor((occurredMs - startMs) / dayMs);
    const at = pick();
    const customer = customers[at] as SimulatedCustomer;
    const terminal = customer.terminals[random.index(customer.terminals.length)] as { readonly token: string };
    const honest = Math.abs(random.normal(customer.meanAmount, customer.meanAmount / 2));
    const isStolen = theft.has(day, at) && random.next() < 1 / 3;
    const isRare = random.next() < 0.001;
    const amount =
      Math.round((isStolen ? honest * 5 : isRare ? random.between(largeAmount + 1, 900) : honest) * 100) / 100;
    const fraud: FraudScenario | undefined = isStolen
      ? 'card'
      : amount > largeAmount
        ? 'large-amount'
        : spree.has(day, places.get(terminal.token) ?? -1)
          ? 'terminal'
          : undefined;
    yield {
      transaction: {
        transaction_id: `${run}-${i.toString(36)}`,
        occurred_at: new Date(occurredMs).toISOString(),
        amount,
        currency: 'EUR',
        customer: customer.token,
        card: customer.card,
        terminal: terminal.token,
        channel: 'card_present',
      },
      occurredMs,
      ...(fraud && { fraud }),
    };
  }
}

/** Who has been taken over, day by day. */
class Compromised {
  readonly #random: SeededRandom;
  readonly #size: number;
  readonly #perDay: number;
  readonly #lastingDays: number;
  readonly #until = new Map<number, number>();
  #day = -1;

  constructor(random: SeededRandom, size: number, perDay: number, lastingDays: number) {
    this.#random = seededRandom(Math.floor(random.next() * 2 ** 32));
    this.#size = size;
    this.#perDay = perDay;
    this.#lastingDays = lastingDays;
  }

  has(day: number, index: number): boolean {
    while (this.#day < day) {
      this.#day++;
      // A fraction of one is one with that chance.
      const count = Math.floor(this.#perDay + this.#random.next());
      for (let i = 0; i < count; i++) this.#until.set(this.#random.index(this.#size), this.#day + this.#lastingDays);
    }
    return (this.#until.get(index) ?? -1) > day;
  }
}

/** The customer of the next transaction, by how often each comes. */
function weighted(random: SeededRandom, customers: readonly SimulatedCustomer[]): () => number {
  const sums: number[] = [];
  let total = 0;
  for (const { perDay } of customers) {
    total += perDay;
    sums.push(total);
  }
  return () => {
    const wanted = random.next() * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/**
 * Milliseconds from the beginning at which each takes place: most around noon, few at night. Within a day times are those of a
 * normal distribution with a deviation of 20,000 s, by its inverse.
 */
function dailyClock(random: SeededRandom, transactions: number, days: number): (index: number) => number {
  const perDay = transactions / days;
  const [from, to] = [normalCdf(-dayMs / 2 / 20_000_000), normalCdf(dayMs / 2 / 20_000_000)];
  let last = 0;
  return (index) => {
    const position = (index + random.next() * 0.5) / perDay;
    const day = Math.floor(position);
    const share = from + (position - day) * (to - from);
    const time = day * dayMs + dayMs / 2 + 20_000_000 * normalInverse(share);
    last = Math.max(last, Math.min(time, days * dayMs));
    return last;
  };
}

/** Zelen and Severo, 1964 (Abramowitz and Stegun 26.2.17); good to 7.5e-8. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    (t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))));
  return z >= 0 ? 1 - tail : tail;
}

/** By halving: it is asked once a transaction, and 40 steps cost a few microseconds. */
function normalInverse(share: number): number {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
