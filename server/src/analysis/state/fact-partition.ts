import type { StageMessage } from '@sdp/shared/messaging';
import {
  type Fact,
  type Firing,
  findingOf,
  longestMemoryMs,
  RuleJudge,
  type RuleSet,
} from '../../anomaly-rules/index.ts';
import type { Finding } from '../../detectors/index.ts';
import { stateInvalid } from '../../detectors/index.ts';
import { SeenEvents } from '../../events/index.ts';
import { type Facts, factsTopic } from '../analysis-flow.ts';
import { factOfWire } from '../stages/fact-messages.ts';
import { EarlyFacts } from './early-facts.ts';
import { FormerRules } from './former-rules.ts';
import type { PartitionKind, PartitionWork, Taken } from './partition-work.ts';
import { RuleCounts } from './work-counts.ts';

export interface FactPartitionOptions {
  readonly partition: number;
  readonly rules: () => RuleSet;
  /** How long a fact is known again. */
  readonly repeatMs: number;
}

const mostSeen = 2 ** 18;
const names = { seen: 'seen', rules: 'rules', early: 'early' } as const;

/** Of the partitions of the topic of facts. */
export function factPartitions(options: Omit<FactPartitionOptions, 'partition'>): PartitionKind<StageMessage<Facts>> {
  return {
    stage: 'analysis-facts',
    create: (partition) => new FactPartition({ ...options, partition }),
    restore: (partition, parts) => new FactPartition({ ...options, partition }, parts),
    receivedAtMs: ({ payload }) => Date.parse(payload.received_at),
    memoryMs: () => longestMemoryMs(options.rules()),
  };
}

/**
 * Facts of one partition: those of a group stand in one, so they are judged here, each by the rule that it was made for. Workers
 * take up a change of the rules within seconds of one another: a rule that was in force here stays so for facts that are still
 * made for it, and facts of a rule that is not known yet wait until it is.
 */
export class FactPartition implements PartitionWork<StageMessage<Facts>> {
  readonly #options: FactPartitionOptions;
  readonly #seen: SeenEvents;
  readonly #judge: RuleJudge;
  readonly #ruleCounts = new RuleCounts();
  readonly #former = new FormerRules();
  readonly #early: EarlyFacts;
  #rules: RuleSet;
  /** Of the rules in force. */
  #versions: ReadonlySet<string> = new Set();

  /** @param parts of a snapshot @throws {IntegrityError} `record-tampered` */
  constructor(options: FactPartitionOptions, parts?: ReadonlyMap<string, Uint8Array>) {
    this.#options = options;
    const [seen, bytes] = [parts?.get(names.seen), parts?.get(names.rules)];
    if (parts !== undefined && (seen === undefined || bytes === undefined)) throw stateInvalid();
    const seenOptions = { horizonMs: options.repeatMs, maxEvents: mostSeen };
    this.#seen = seen === undefined ? new SeenEvents(seenOptions) : SeenEvents.restore(seen, seenOptions);
    this.#early = EarlyFacts.restore(parts?.get(names.early));
    this.#rules = options.rules();
    const judgeOptions = this.#judgeOptions();
    this.#judge = bytes === undefined ? new RuleJudge(judgeOptions) : RuleJudge.restore(bytes, judgeOptions);
  }

  get isWaiting(): boolean {
    return this.#judge.hasAbsences || this.#early.size > 0;
  }

  get groups(): number {
    return this.#judge.groups;
  }

  get kept(): number {
    return this.#judge.kept;
  }

  take({ tenant, offset, payload }: StageMessage<Facts>): Taken {
    const firings: Firing[] = [];
    this.#useRules(firings);
    const receivedAtMs = Date.parse(payload.received_at);
    const chosen = this.#seen.select(payload.facts, ({ rule, version, event_id: eventId }) => ({
      clientId: tenant,
      eventId: `${rule}@${version}\0${eventId}`,
      receivedAtMs,
    }));
    const forgottenBefore = this.#seen.forgottenEarly;
    chosen.remember();
    for (const wire of chosen.fresh) {
      this.#judgeOrKeep(factOfWire(wire, tenant, receivedAtMs, offset), firings);
    }
    return {
      findings: this.#findings(firings),
      sendings: [],
      counts: {
        ...{ events: chosen.fresh.length, repeats: chosen.repeats, skewed: 0, facts: 0, failed: [] },
        forgotten: this.#seen.forgottenEarly - forgottenBefore,
        ...this.#ruleCounts.drain(),
      },
    };
  }

  advance(clockMs: number): readonly Finding[] {
    const firings: Firing[] = [];
    this.#useRules(firings);
    this.#early.forget();
    // Not by the clock of the messages: another partition of events may be far behind the one that sent them.
    firings.push(...this.#judge.advance(clockMs));
    return this.#findings(firings);
  }

  snapshot(): ReadonlyMap<string, Uint8Array> {
    return new Map([
      [names.seen, this.#seen.snapshot()],
      [names.rules, this.#judge.snapshot()],
      [names.early, this.#early.snapshot()],
    ]);
  }

  #useRules(firings: Firing[]): void {
    const rules = this.#options.rules();
    const hasExpired = this.#former.forget();
    if (rules === this.#rules && !hasExpired) return;
    this.#former.add(this.#rules.gathered, rules.gathered);
    this.#rules = rules;
    this.#judge.use(this.#judgeOptions());
    for (const fact of this.#early.take((version) => this.#versions.has(version))) this.#judgeOrKeep(fact, firings);
  }

  #judgeOrKeep(fact: Fact, firings: Firing[]): void {
    const version = `${fact.ruleId}@${fact.version}`;
    if (!this.#versions.has(version) && !this.#former.has(version)) {
      if (this.#early.add(fact)) this.#ruleCounts.gaveWay();
      return;
    }
    const firing = this.#judge.judge(fact);
    if (firing !== undefined) firings.push(firing);
  }

  #findings(firings: readonly Firing[]): readonly Finding[] {
    const place = { topic: factsTopic, partition: this.#options.partition };
    return firings.map((firing) => findingOf(firing, place));
  }

  #judgeOptions() {
    const { gathered, latenessMs, catchUpMs, limits } = this.#rules;
    this.#versions = new Set(gathered.map(({ id, fingerprint }) => `${id}@${fingerprint}`));
    // Workers that are not equally far, one of them killed for a minute, are no fault of the events.
    return {
      ...{ rules: [...gathered, ...this.#former.rules], limits, events: this.#ruleCounts },
      ...{ latenessMs: latenessMs + catchUpMs, sureLatenessMs: latenessMs },
    };
  }
}
