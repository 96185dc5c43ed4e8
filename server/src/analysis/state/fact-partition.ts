import type { StageMessage } from '@sdp/shared/messaging';
import { type Firing, findingOf, longestMemoryMs, RuleJudge, type RuleSet } from '../../anomaly-rules/index.ts';
import type { Finding } from '../../detectors/index.ts';
import { stateInvalid } from '../../detectors/index.ts';
import { SeenEvents } from '../../events/index.ts';
import { type Facts, factsTopic } from '../analysis-flow.ts';
import { factOfWire } from '../stages/fact-messages.ts';
import type { PartitionKind, PartitionWork, Taken } from './partition-work.ts';
import { RuleCounts } from './work-counts.ts';

export interface FactPartitionOptions {
  readonly partition: number;
  readonly rules: () => RuleSet;
}

const seenOptions = { horizonMs: 3_600_000, maxEvents: 2 ** 18 };
const names = { seen: 'seen', rules: 'rules' } as const;

/** Of the partitions of the topic of facts. */
export function factPartitions(rules: () => RuleSet): PartitionKind<StageMessage<Facts>> {
  return {
    stage: 'analysis-facts',
    create: (partition) => new FactPartition({ partition, rules }),
    restore: (partition, parts) => new FactPartition({ partition, rules }, parts),
    receivedAtMs: ({ payload }) => Date.parse(payload.received_at),
    memoryMs: () => longestMemoryMs(rules()),
  };
}

/** Facts of one partition: those of a group stand in one, so they are judged here. */
export class FactPartition implements PartitionWork<StageMessage<Facts>> {
  readonly #options: FactPartitionOptions;
  readonly #seen: SeenEvents;
  readonly #judge: RuleJudge;
  readonly #ruleCounts = new RuleCounts();
  #rules: RuleSet;
  #versions: ReadonlyMap<string, string> = new Map();

  /** @param parts of a snapshot @throws {IntegrityError} `record-tampered` */
  constructor(options: FactPartitionOptions, parts?: ReadonlyMap<string, Uint8Array>) {
    this.#options = options;
    const [seen, bytes] = [parts?.get(names.seen), parts?.get(names.rules)];
    if (parts !== undefined && (seen === undefined || bytes === undefined)) throw stateInvalid();
    this.#seen = seen === undefined ? new SeenEvents(seenOptions) : SeenEvents.restore(seen, seenOptions);
    this.#rules = options.rules();
    const judgeOptions = this.#judgeOptions();
    this.#judge = bytes === undefined ? new RuleJudge(judgeOptions) : RuleJudge.restore(bytes, judgeOptions);
  }

  get hasAbsences(): boolean {
    return this.#judge.hasAbsences;
  }

  get groups(): number {
    return this.#judge.groups;
  }

  get kept(): number {
    return this.#judge.kept;
  }

  take({ tenant, offset, payload }: StageMessage<Facts>): Taken {
    if (this.#options.rules() !== this.#rules) {
      this.#rules = this.#options.rules();
      this.#judge.use(this.#judgeOptions());
    }
    const receivedAtMs = Date.parse(payload.received_at);
    // Of a rule that counts otherwise now, what was made for it before is of no use.
    const current = payload.facts.filter(({ rule, version }) => this.#versions.get(rule) === version);
    const chosen = this.#seen.select(current, ({ rule, event_id: eventId }) => ({
      clientId: tenant,
      eventId: `${rule}\0${eventId}`,
      receivedAtMs,
    }));
    const forgottenBefore = this.#seen.forgottenEarly;
    chosen.remember();
    const firings: Firing[] = [...this.#judge.advance(receivedAtMs)];
    for (const wire of chosen.fresh) {
      const firing = this.#judge.judge(factOfWire(wire, tenant, receivedAtMs, offset));
      if (firing !== undefined) firings.push(firing);
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
    return this.#findings(this.#judge.advance(clockMs));
  }

  snapshot(): ReadonlyMap<string, Uint8Array> {
    return new Map([
      [names.seen, this.#seen.snapshot()],
      [names.rules, this.#judge.snapshot()],
    ]);
  }

  #findings(firings: readonly Firing[]): readonly Finding[] {
    const place = { topic: factsTopic, partition: this.#options.partition };
    return firings.map((firing) => findingOf(firing, place));
  }

  #judgeOptions() {
    const { gathered, latenessMs, catchUpMs, limits } = this.#rules;
    this.#versions = new Map(gathered.map(({ id, fingerprint }) => [id, fingerprint]));
    // Workers that are not equally far, one of them killed for a minute, are no fault of the events.
    return {
      ...{ rules: gathered, limits, events: this.#ruleCounts },
      ...{ latenessMs: latenessMs + catchUpMs, sureLatenessMs: latenessMs },
    };
  }
}
