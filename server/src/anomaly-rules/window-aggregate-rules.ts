import type { RuleDefinition } from '@sdp/shared/contracts';

/** What a span of time holds, kept up while events come into it and leave it. */
export interface Aggregate {
  add(bits: number, value: number): void;
  /** Of an event that was added. */
  remove(bits: number, value: number): void;
  /** Whether what it holds meets the rule. */
  isMet(): boolean;
  /** What decides. */
  numbers(): Readonly<Record<string, number>>;
}

/** @throws {RangeError} for a form that no span of time decides */
export function aggregateOf(rule: RuleDefinition, withinMs: number): Aggregate {
  switch (rule.form) {
    case 'threshold':
      return new CountAggregate(rule.count);
    case 'rate':
      return rule.share === undefined
        ? new RateAggregate(rule.per_second ?? 0, withinMs)
        : new RatioAggregate({ atLeast: rule.share, minimum: rule.minimum, names: ['share', 'matching', 'events'] });
    case 'ratio':
      return new RatioAggregate({
        ...(rule.at_least !== undefined && { atLeast: rule.at_least }),
        ...(rule.below !== undefined && { below: rule.below }),
        minimum: rule.minimum,
        names: ['ratio', 'numerator', 'denominator'],
      });
    case 'distinct':
      return new DistinctAggregate(rule.count);
    case 'all':
      return new ConditionsAggregate(rule.conditions.length, rule.conditions.length);
    case 'any':
      return new ConditionsAggregate(rule.conditions.length, rule.at_least);
    default:
      throw new RangeError('the form has no window');
  }
}

class CountAggregate implements Aggregate {
  readonly #limit: number;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(): void {
    this.#count += 1;
  }

  remove(): void {
    this.#count -= 1;
  }

  isMet(): boolean {
    return this.#count >= this.#limit;
  }

  numbers() {
    return { count: this.#count, limit: this.#limit };
  }
}

class RateAggregate implements Aggregate {
  readonly #limit: number;
  readonly #withinMs: number;
  #count = 0;

  constructor(limit: number, withinMs: number) {
    this.#limit = limit;
    this.#withinMs = withinMs;
  }

  add(): void {
    this.#count += 1;
  }

  remove(): void {
    this.#count -= 1;
  }

  isMet(): boolean {
    return this.#count * 1_000 >= this.#limit * this.#withinMs;
  }

  numbers() {
    return { count: this.#count, per_second: (this.#count * 1_000) / this.#withinMs, limit: this.#limit };
  }
}

interface RatioOptions {
  readonly atLeast?: number;
  readonly below?: number;
  readonly minimum: number;
  readonly names: readonly [quotient: string, numerator: string, denominator: string];
}

/** Events with the first bit to events with the second one. */
class RatioAggregate implements Aggregate {
  readonly #options: RatioOptions;
  #numerator = 0;
  #denominator = 0;

  constructor(options: RatioOptions) {
    this.#options = options;
  }

  add(bits: number): void {
    this.#numerator += bits & 1;
    this.#denominator += bits >> 1;
  }

  remove(bits: number): void {
    this.#numerator -= bits & 1;
    this.#denominator -= bits >> 1;
  }

  isMet(): boolean {
    const { atLeast, below, minimum } = this.#options;
    if (this.#denominator < minimum) return false;
    const ratio = this.#numerator / this.#denominator;
    return atLeast !== undefined ? ratio >= atLeast : ratio < (below ?? 0);
  }

  numbers() {
    const { atLeast, below, names } = this.#options;
    const [quotient, numerator, denominator] = names;
    return {
      [quotient]: this.#numerator / this.#denominator,
      [numerator]: this.#numerator,
      [denominator]: this.#denominator,
      limit: atLeast ?? below ?? 0,
    };
  }
}

class DistinctAggregate implements Aggregate {
  readonly #limit: number;
  readonly #counts = new Map<number, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(_bits: number, value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  remove(_bits: number, value: number): void {
    const left = (this.#counts.get(value) ?? 0) - 1;
    if (left > 0) this.#counts.set(value, left);
    else this.#counts.delete(value);
  }

  isMet(): boolean {
    return this.#counts.size >= this.#limit;
  }

  numbers() {
    return { distinct: this.#counts.size, limit: this.#limit };
  }
}

class ConditionsAggregate implements Aggregate {
  readonly #counts: number[];
  readonly #limit: number;
  #met = 0;

  constructor(conditions: number, limit: number) {
    this.#counts = Array.from({ length: conditions }, () => 0);
    this.#limit = limit;
  }

  add(bits: number): void {
    this.#change(bits, 1);
  }

  remove(bits: number): void {
    this.#change(bits, -1);
  }

  #change(bits: number, by: 1 | -1): void {
    for (let index = 0; index < this.#counts.length; index += 1) {
      if ((bits & (1 << index)) === 0) continue;
      const before = this.#counts[index] as number;
      this.#counts[index] = before + by;
      if (before === 0) this.#met += 1;
      else if (before + by === 0) this.#met -= 1;
    }
  }

  isMet(): boolean {
    return this.#met >= this.#limit;
  }

  numbers() {
    return { conditions: this.#met, limit: this.#limit };
  }
}
