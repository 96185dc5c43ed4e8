import { ConfigError } from '../../errors/index.ts';
import type { AccessRules } from '../access/index.ts';
import type { ComplianceManager } from '../compliance/index.ts';
import {
  ConsumerEmitter,
  type ConsumerEvents,
  type ConsumerHealth,
  type PartitionOf,
  Placement,
} from '../consumer/index.ts';
import {
  type MessageAudit,
  type MessageLogger,
  type MessageMetrics,
  noAudit,
  noLogger,
  noMetrics,
} from '../ports/index.ts';
import { MessageSealer } from '../producer/index.ts';
import { type WatchdogOptions, WatchedConsumer } from '../resilience/index.ts';
import type { SecurityManager } from '../security-manager.ts';
import type { StageBus } from '../stage-port.ts';
import type { StagePlan } from './stage-plan.ts';
import { TopicStage } from './topic-stage.ts';

export interface SecureStageOptions {
  readonly bus: StageBus;
  readonly group: string;
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager;
  /** Checked for the party of the key ring, and for whoever signed a message. */
  readonly access?: AccessRules;
  readonly audit?: MessageAudit;
  readonly metrics?: MessageMetrics;
  readonly logger?: MessageLogger;
  /** Whose messages are taken; all tenants' where left out. */
  readonly tenants?: readonly string[];
  /** Time allowed from sealing a message to the log's taking it; 5 minutes where left out. */
  readonly staleAfterMs?: number;
  /** How senders pick partitions: what lies elsewhere is refused. Any place will do where left out. */
  readonly partitionOf?: PartitionOf;
  /** How much a sender's clock may be ahead of the log's; 1 minute where left out. */
  readonly clockSkewMs?: number;
  /** Handled events remembered for each partition; 100,000 where left out. */
  readonly rememberedEvents?: number;
  readonly watchdog?: WatchdogOptions;
  /** Bound on the payload of an event that is sent: what the bus doesn't take would hold up its batch for ever. 800 KiB where left out. */
  readonly maxEventBytes?: number;
}

/**
 * Takes events from topics in batches and sends what follows from them, as strict as a `SecureConsumer`: what it refuses goes to
 * the dead letters with a reason, an audit line and a metric, and never to the handler. What a batch gives (events, dead
 * letters, effects, offsets) is stored together.
 */
export class SecureStage {
  readonly #options: SecureStageOptions;
  readonly #sealer: MessageSealer;
  readonly #events: ConsumerEmitter;
  readonly #running = new Map<string, { readonly stage: TopicStage; readonly consumer: WatchedConsumer }>();
  #isClosed = false;

  constructor(options: SecureStageOptions) {
    this.#options = options;
    const { security, compliance, access, logger = noLogger } = options;
    // Without a tenant of its own: each event says whose it is.
    this.#sealer = new MessageSealer({ security, ...(compliance && { compliance }), ...(access && { access }) });
    this.#events = new ConsumerEmitter(logger);
  }

  /** A dead letter is told of when it is about to be stored; one of a batch that could not be stored is told of again. */
  on<E extends keyof ConsumerEvents>(event: E, listener: (...args: ConsumerEvents[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  /**
   * Resolves when the topic is being consumed; once for each topic.
   *
   * @throws {ConfigError} `config-invalid` for a topic without a contract or that runs already; `message-key-missing`
   * @throws {RejectedError} `topic-forbidden`, `policy-violated`
   * @throws {UnavailableError} `bus-unavailable`
   */
  async run<T>(plan: StagePlan<T>): Promise<void> {
    const { bus, group, security, compliance, access, watchdog } = this.#options;
    const { metrics = noMetrics, logger = noLogger, audit = noAudit } = this.#options;
    const { topic, contracts } = plan;
    if (contracts.length === 0 || this.#running.has(topic) || this.#isClosed) {
      throw new ConfigError('config-invalid', { message: 'A stage takes a topic once, with a contract' });
    }
    // Fails now rather than with every message.
    access?.assertAllowed(security.keys.party, 'READ', topic);
    compliance?.policyOf(topic);
    await security.keys.sealer(0);
    const {
      staleAfterMs = 300_000,
      clockSkewMs = 60_000,
      rememberedEvents = 100_000,
      maxEventBytes = 800 * 1024,
    } = this.#options;
    const placement = new Placement(this.#options.partitionOf);
    const stage = new TopicStage(plan as unknown as StagePlan, {
      ...{ group, audit, metrics, rememberedEvents, maxEventBytes },
      rules: { ...this.#options, contracts, placement, staleAfterMs, clockSkewMs },
      sealer: this.#sealer,
      onDeadLetter: (message, reason) => this.#events.emit('deadLetter', { message, reason }),
    });
    const { maxBatchMessages, maxBufferedBytes, from, inTransaction } = plan;
    const consumer = await WatchedConsumer.start({
      ...{ bus, topic, group, metrics, logger },
      ...(watchdog !== undefined && { watchdog }),
      start: async () => {
        await placement.learn(bus, topic, group);
        return bus.runStage({
          ...{ topic, group },
          handler: (batch) => stage.handle(batch),
          onAssigned: (partition) => stage.assigned(partition),
          onRevoked: (partition) => stage.revoked(partition),
          onHandOver: (partition) => stage.handOver(partition),
          onSettled: (partition, nextOffset) => stage.settled(partition, nextOffset),
          ...(maxBatchMessages !== undefined && { maxBatchMessages }),
          ...(maxBufferedBytes !== undefined && { maxBufferedBytes }),
          ...(from !== undefined && { from }),
          ...(inTransaction !== undefined && { inTransaction }),
        });
      },
      // Failing for what it needs, it waits, and says so in its health.
      hasMoved: (longestMs) => stage.hasMoved(longestMs) || stage.isFailing,
      onStalled: () => this.#events.emit('stalled', { topic, group }),
    });
    this.#running.set(topic, { stage, consumer });
  }

  health(): Omit<ConsumerHealth, 'circuit'> {
    const running = [...this.#running];
    const isStalled = running.some(([, { consumer }]) => consumer.isStalled);
    const isFailing = running.some(([, { stage }]) => stage.isFailing);
    const status = this.#isClosed ? 'closed' : isStalled ? 'stalled' : isFailing ? 'degraded' : 'ok';
    const done = running.flatMap(([, { stage }]) => stage.lastDoneAt ?? []);
    const lastDoneAt = done.toSorted((a, b) => b.getTime() - a.getTime())[0];
    const lag = running.flatMap(([topic, { consumer }]) => (consumer.lag === undefined ? [] : [[topic, consumer.lag]]));
    return { status, lag: Object.fromEntries(lag), ...(lastDoneAt && { lastDoneAt }) };
  }

  /** Takes no further batch, waits for the one in hand up to `deadlineMs`, then aborts it. The bus stays open. */
  async close(deadlineMs?: number): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.values()].map(({ consumer }) => consumer.close(deadlineMs)));
  }
}
