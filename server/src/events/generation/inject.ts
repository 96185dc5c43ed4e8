import type { EventType } from '@sdp/shared/contracts';
import type { SeededRandom } from '../../transactions/index.ts';
import { type ErrorSlot, errorSlots, mostUserErrors } from './error-slots.ts';
import type { BuiltInRule, Draft, GenerationOptions, Injection, PlannedEvent } from './generated-event.ts';
import { logLine } from './log-lines.ts';

/** What is put among the ordinary events. */
export interface InjectionPlan {
  /** In order of time. */
  readonly events: readonly PlannedEvent[];
  readonly injections: readonly Injection[];
  readonly slots: readonly (ErrorSlot & { readonly use: 'burst' | 'decoy' | 'free' })[];
}

const rulesOf: Readonly<Record<EventType, readonly BuiltInRule[]>> = {
  log: ['log-error-burst', 'log-user-errors', 'log-failed'],
  metric: ['metric-cpu-high', 'metric-latency-high', 'metric-cpu-and-latency'],
  transaction: ['transaction-large', 'transaction-user-burst'],
};

/** Users and hosts of injections are nobody else's, so that nothing but these events counts for them. */
export function injectedUser(random: SeededRandom): string {
  return `tok_${random.hex(16)}`;
}
const injectedHost = (random: SeededRandom) => `node-${random.hex(3)}`;

const longestMs = 100_000;

/** Chooses what is injected where: anomalies of all kinds in turn, and beside each kind decoys that come close to it. */
export function planInjections(options: GenerationOptions, random: SeededRandom): InjectionPlan {
  const { types, anomalies, fromMs, toMs } = options;
  const planner = new Planner(random, fromMs, toMs);
  const rules = interleaved(types.map((type) => rulesOf[type]));
  if (anomalies > 0) {
    if (types.includes('log')) planner.addErrorDecoys();
    let left = anomalies;
    for (let turn = 0, refusals = 0; left > 0 && refusals < rules.length; turn++) {
      if (planner.inject(rules[turn % rules.length] as BuiltInRule)) {
        left--;
        refusals = 0;
      } else refusals++;
    }
    for (let n = 0; n < Math.ceil(anomalies / 2); n++) for (const type of types) planner.addDecoy(type, n);
  }
  return planner.plan();
}

class Planner {
  readonly #random: SeededRandom;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #slots: (ErrorSlot & { use: 'burst' | 'decoy' | 'free'; userErrors: number })[];
  readonly #events: PlannedEvent[] = [];
  readonly #injections: Injection[] = [];

  constructor(random: SeededRandom, fromMs: number, toMs: number) {
    this.#random = random;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#slots = errorSlots(fromMs, toMs).map((slot) => ({ ...slot, use: 'free', userErrors: 0 }));
  }

  plan(): InjectionPlan {
    this.#events.sort((a, b) => a.atMs - b.atMs);
    return { events: this.#events, injections: this.#injections, slots: this.#slots };
  }

  /** @returns whether there was room for it */
  inject(rule: BuiltInRule): boolean {
    const random = this.#random;
    switch (rule) {
      case 'log-error-burst':
        return this.#errorBurst(20 + random.index(11), true);
      case 'log-user-errors':
        return this.#userErrors(5 + random.index(3), true);
      case 'log-failed':
        this.#add([[this.#anyTime(), this.#logOf('failed', injectedUser(random))]], [rule]);
        return true;
      case 'metric-cpu-high':
        this.#samples([20, 35, ...this.#high(3 + random.index(3)), 40, 25], rule);
        return true;
      case 'metric-latency-high':
        this.#add([[this.#anyTime(), sample(injectedHost(random), 45, random.between(1_001, 6_000))]], [rule]);
        return true;
      case 'metric-cpu-and-latency': {
        const host = injectedHost(random);
        const both = sample(host, random.between(80, 100), random.between(1_001, 6_000));
        // What is slow and busy is slow as well.
        this.#add([[this.#anyTime(), both]], [rule, 'metric-latency-high']);
        return true;
      }
      case 'transaction-large':
        this.#add([[this.#anyTime(), payment(injectedUser(random), random.between(10_001, 80_000))]], [rule]);
        return true;
      case 'transaction-user-burst':
        this.#payments(10 + random.index(5), rule);
        return true;
    }
  }

  /** Of every four slots one has a burst that falls short of an anomaly. */
  addErrorDecoys(): void {
    const count = this.#slots.length < 3 ? 0 : Math.ceil(this.#slots.length / 4);
    for (let n = 0; n < count; n++) this.#errorBurst(19, false);
  }

  /** Close to an anomaly, and none. */
  addDecoy(type: EventType, n: number): void {
    const random = this.#random;
    const kind = n % 2 === 0;
    if (type === 'log') {
      this.#userErrors(4, false);
    } else if (type === 'metric') {
      if (kind) this.#samples([30, ...this.#high(2), 50, ...this.#high(2), 79.9, 79.9, 79.9, 30]);
      else this.#add([[this.#anyTime(), sample(injectedHost(random), 79.99, 1_000)]], []);
    } else if (kind) this.#payments(9);
    else this.#add([[this.#anyTime(), payment(injectedUser(random), 10_000)]], []);
  }

  #errorBurst(count: number, isAnomaly: boolean): boolean {
    // A burst that only comes close has its slot to itself.
    const free = this.#slots.filter(({ use, userErrors }) => use === 'free' && (isAnomaly || userErrors === 0));
    const slot = free[this.#random.index(free.length)];
    if (slot === undefined) return false;
    slot.use = isAnomaly ? 'burst' : 'decoy';
    const users = Array.from({ length: count }, () => injectedUser(this.#random));
    const times = this.#spread(slot.burst, count);
    this.#add(
      times.map((atMs, i) => [atMs, this.#logOf('error', users[i] as string)] as const),
      isAnomaly ? ['log-error-burst'] : [],
    );
    return true;
  }

  #userErrors(count: number, isAnomaly: boolean): boolean {
    const slot = this.#slots
      .filter(({ use, userErrors }) => use !== 'decoy' && userErrors + count <= mostUserErrors)
      .toSorted((a, b) => a.userErrors - b.userErrors)[0];
    if (slot === undefined) return false;
    slot.userErrors += count;
    const user = injectedUser(this.#random);
    this.#add(
      this.#spread(slot.users, count).map((atMs) => [atMs, this.#logOf('error', user)] as const),
      isAnomaly ? ['log-user-errors'] : [],
      { user_id: user },
    );
    return true;
  }

  #samples(cpu: readonly number[], rule?: BuiltInRule): void {
    const host = injectedHost(this.#random);
    const times = this.#spread(this.#span(), cpu.length);
    const isHigh = (value: number) => value >= 80;
    const drafts = cpu.map(
      (value, i) => [times[i] as number, sample(host, value, this.#random.between(40, 600))] as const,
    );
    if (rule === undefined) this.#add(drafts, []);
    else {
      this.#add(
        drafts.filter((_, i) => isHigh(cpu[i] as number)),
        [rule],
        { host },
      );
      this.#add(
        drafts.filter((_, i) => !isHigh(cpu[i] as number)),
        [],
      );
    }
  }

  #high(count: number): number[] {
    return Array.from({ length: count }, () => this.#random.between(80, 100));
  }

  #payments(count: number, rule?: BuiltInRule): void {
    const user = injectedUser(this.#random);
    this.#add(
      this.#spread(this.#span(), count).map((atMs) => [atMs, payment(user, this.#random.between(1, 300))] as const),
      rule === undefined ? [] : [rule],
      { user_id: user },
    );
  }

  #logOf(kind: 'error' | 'failed', user: string): Draft {
    return { type: 'log', host: 'web-1', user_id: user, ...logLine(this.#random, kind) };
  }

  #anyTime(): number {
    return Math.floor(this.#random.between(this.#fromMs, this.#toMs));
  }

  /** Somewhere, and no longer than a rule looks back. */
  #span(): readonly [number, number] {
    const length = Math.min(longestMs, (this.#toMs - this.#fromMs) / 2);
    const start = this.#random.between(this.#fromMs, this.#toMs - length);
    return [start, start + length];
  }

  /** Different times within, in order; at most as far apart as a rule looks back. */
  #spread([from, to]: readonly [number, number], count: number): number[] {
    const step = Math.max(1, Math.min(longestMs, to - from) / count);
    return Array.from({ length: count }, (_, i) => Math.floor(from + (i + this.#random.next() * 0.9) * step));
  }

  #add(
    events: readonly (readonly [number, Draft])[],
    rules: readonly BuiltInRule[],
    group: Readonly<Record<string, string>> = {},
  ): void {
    const times = events.map(([atMs]) => atMs);
    const [fromMs, toMs] = [Math.min(...times), Math.max(...times)];
    const injections = rules.map(
      (rule): Injection => ({
        ...{ rule, group, fromMs, toMs },
        type: events[0]?.[1].type ?? 'log',
      }),
    );
    this.#injections.push(...injections);
    for (const [atMs, draft] of events) this.#events.push({ atMs, draft, injections });
  }
}

function sample(host: string, cpu: number, latency: number): Draft {
  return { type: 'metric', host, metrics: { cpu_percent: rounded(cpu), latency_ms: rounded(latency) } };
}

export function payment(user: string, amount: number): Draft {
  return { type: 'transaction', user_id: user, amount: rounded(amount), currency: 'EUR' };
}

/** To hundredths, down: what is below a bound stays there. */
export function rounded(value: number): number {
  return Math.floor(value * 100) / 100;
}

function interleaved<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}
