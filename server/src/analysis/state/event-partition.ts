import type { EventBatch } from '@sdp/shared/contracts';
import type { StageMessage } from '@sdp/shared/messaging';
import { longestMemoryMs, RuleDetector, type RuleSet } from '../../anomaly-rules/index.ts';
import {
  type Finding,
  type StreamDetector,
  type StreamDetectorFactory,
  type StreamEvent,
  type StreamEventType,
  stateInvalid,
} from '../../detectors/index.ts';
import { SeenEvents } from '../../events/index.ts';
import { stageOfType } from '../analysis-metrics.ts';
import { factMessages } from '../stages/fact-messages.ts';
import { toStreamEvent } from '../to-stream-event.ts';
import type { PartitionKind, PartitionWork, Taken } from './partition-work.ts';
import { RuleCounts } from './work-counts.ts';

export interface EventPartitionOptions {
  readonly type: StreamEventType;
  readonly topic: string;
  readonly partition: number;
  /** As they are now: a change is taken up with the next message. */
  readonly rules: () => RuleSet;
  readonly detectors: () => readonly StreamDetectorFactory[];
  /** How long an event is known again. */
  readonly repeatMs: number;
}

/** Half a million events take 18 MB. */
const mostSeen = 2 ** 19;
/** Without a snapshot, detectors that learn begin with what came in so long, as far as the log is read back at all. */
const learnedMs = 86_400_000;
const names = { seen: 'seen', rules: 'rules' } as const;

interface Running {
  readonly factory: StreamDetectorFactory;
  readonly detector: StreamDetector;
}

/** Of the partitions of one topic of events. */
export function eventPartitions(
  options: Omit<EventPartitionOptions, 'partition'>,
): PartitionKind<StageMessage<EventBatch>> {
  return {
    stage: `analysis-${stageOfType[options.type]}`,
    create: (partition) => new EventPartition({ ...options, partition }),
    restore: (partition, parts) => new EventPartition({ ...options, partition }, parts),
    receivedAtMs: ({ payload }) => Date.parse(payload.received_at),
    memoryMs: () => Math.max(longestMemoryMs(options.rules()), options.detectors().length > 0 ? learnedMs : 0),
  };
}

/** Events of one partition: repeats sorted out, rules and detectors that learn watching what is new. */
export class EventPartition implements PartitionWork<StageMessage<EventBatch>> {
  readonly #options: EventPartitionOptions;
  readonly #seen: SeenEvents;
  readonly #rules: RuleDetector;
  readonly #ruleCounts = new RuleCounts();
  #factories: readonly StreamDetectorFactory[] = [];
  #detectors: readonly Running[] = [];

  /** @param parts of a snapshot @throws {IntegrityError} `record-tampered` */
  constructor(options: EventPartitionOptions, parts?: ReadonlyMap<string, Uint8Array>) {
    this.#options = options;
    const [seen, rules] = [parts?.get(names.seen), parts?.get(names.rules)];
    if (parts !== undefined && (seen === undefined || rules === undefined)) throw stateInvalid();
    const seenOptions = { horizonMs: options.repeatMs, maxEvents: mostSeen };
    this.#seen = seen === undefined ? new SeenEvents(seenOptions) : SeenEvents.restore(seen, seenOptions);
    const { topic, partition } = options;
    this.#rules = new RuleDetector(options.rules(), { topic, partition }, this.#ruleCounts, rules);
    this.#useDetectors(parts);
  }

  get isWaiting(): boolean {
    return this.#rules.hasAbsences;
  }

  get groups(): number {
    return this.#rules.groups;
  }

  get kept(): number {
    return this.#rules.kept;
  }

  take(message: StageMessage<EventBatch>): Taken {
    const { tenant, offset, payload } = message;
    const rules = this.#options.rules();
    this.#rules.use(rules);
    if (this.#options.detectors() !== this.#factories) this.#useDetectors();
    const { topic, partition } = this.#options;
    const receivedAtMs = Date.parse(payload.received_at);
    const places = payload.events.map((event, index) => ({ event, index }));
    const chosen = this.#seen.select(places, ({ event }) => ({
      clientId: tenant,
      eventId: event.event_id,
      receivedAtMs,
    }));
    const events = chosen.fresh.map(({ event, index }) =>
      toStreamEvent(event, tenant, receivedAtMs, { topic, partition, offset, index }),
    );
    const forgottenBefore = this.#seen.forgottenEarly;
    chosen.remember();
    const observed = this.#rules.observe(events);
    const failed: string[] = [];
    const learned = this.#detectors.flatMap((running) => watch(running, events, failed));
    return {
      findings: [...observed.findings, ...learned],
      sendings: factMessages(message, payload.received_at, observed.facts, rules),
      counts: {
        ...{ events: events.length, repeats: chosen.repeats, facts: observed.facts.length, failed },
        skewed: events.filter(({ atMs }) => atMs > receivedAtMs + rules.clockSkewMs).length,
        forgotten: this.#seen.forgottenEarly - forgottenBefore,
        ...this.#ruleCounts.drain(),
      },
    };
  }

  advance(clockMs: number): readonly Finding[] {
    return this.#rules.advance(clockMs);
  }

  snapshot(): ReadonlyMap<string, Uint8Array> {
    return new Map<string, Uint8Array>([
      [names.seen, this.#seen.snapshot()],
      [names.rules, this.#rules.snapshot()],
      ...this.#detectors.map(({ factory, detector }) => [partName(factory), detector.snapshot()] as const),
    ]);
  }

  /** Those that are the same go on; others begin anew, or from the snapshot's part of their version. */
  #useDetectors(parts?: ReadonlyMap<string, Uint8Array>): void {
    const { topic, partition, type } = this.#options;
    const before = new Map(this.#detectors.map((running) => [partName(running.factory), running]));
    this.#factories = this.#options.detectors();
    this.#detectors = this.#factories
      .filter(({ types }) => types.includes(type))
      .map((factory) => {
        const known = before.get(partName(factory));
        if (known !== undefined) return known;
        const bytes = parts?.get(partName(factory));
        const scope = { topic, partition };
        return { factory, detector: bytes === undefined ? factory.create(scope) : factory.restore(scope, bytes) };
      });
  }
}

function partName({ name, version }: StreamDetectorFactory): string {
  return `${name}@${version}`;
}

/** A detector that throws has lost those events; no other detector has. */
function watch({ factory, detector }: Running, events: readonly StreamEvent[], failed: string[]): readonly Finding[] {
  try {
    return detector.observe(events);
  } catch {
    failed.push(factory.name);
    return [];
  }
}
