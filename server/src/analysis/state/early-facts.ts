import { z } from 'zod';
import type { Fact } from '../../anomaly-rules/index.ts';
import { stateInvalid } from '../../detectors/index.ts';

/** How long facts wait for the rule that they are of. A worker looks at the file of rules every two seconds. */
const keptMs = 60_000;
/** Of each partition; of more, the oldest give way. */
const mostFacts = 20_000;

const factSchema = z.strictObject({
  ...{ ruleId: z.string(), version: z.string(), clientId: z.string(), eventId: z.string() },
  ...{ timeMs: z.number(), receivedAtMs: z.number(), group: z.array(z.string()), bits: z.number(), value: z.number() },
  numbers: z.record(z.string(), z.number()),
  ...{ userId: z.string().optional(), host: z.string().optional(), source: z.string().optional() },
  ...{ isSkewed: z.boolean(), offset: z.number() },
});

interface Early {
  readonly fact: Fact;
  readonly sinceMs: number;
}

/** Facts of rules that another worker knows already, in the order in which they came. */
export class EarlyFacts {
  #facts: Early[] = [];
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param bytes of a snapshot, where it had some @throws {IntegrityError} `record-tampered` */
  static restore(bytes: Uint8Array | undefined): EarlyFacts {
    const early = new EarlyFacts();
    if (bytes === undefined) return early;
    const facts = z.array(factSchema).safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (!facts.success) throw stateInvalid();
    for (const fact of facts.data) early.add(fact as Fact);
    return early;
  }

  get size(): number {
    return this.#facts.length;
  }

  /** @returns whether another one gave way */
  add(fact: Fact): boolean {
    this.#facts.push({ fact, sinceMs: this.#now() });
    if (this.#facts.length <= mostFacts) return false;
    this.#facts.shift();
    return true;
  }

  /** Gives those whose rule, `id@version`, is known by now. */
  take(isKnown: (version: string) => boolean): readonly Fact[] {
    const { known = [], unknown = [] } = Object.groupBy(this.#facts, ({ fact }) =>
      isKnown(`${fact.ruleId}@${fact.version}`) ? 'known' : 'unknown',
    );
    this.#facts = unknown;
    return known.map(({ fact }) => fact);
  }

  /** Those that waited in vain are of a rule that was before this worker began. */
  forget(): void {
    const oldestMs = this.#now() - keptMs;
    if (this.#facts.length > 0) this.#facts = this.#facts.filter(({ sinceMs }) => sinceMs > oldestMs);
  }

  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify(this.#facts.map(({ fact }) => fact)));
  }
}
