import { ConfigError } from '../../errors/index.ts';
import type { AccessRules } from '../access/index.ts';
import type { BusPort, ConsumeOptions, Consumer, DeadLetterReason, Delivery } from '../bus-port.ts';
import type { ComplianceManager } from '../compliance/index.ts';
import type { PayloadContract } from '../contracts/index.ts';
import {
  type MessageAudit,
  type MessageLogger,
  type MessageMetrics,
  noAudit,
  noLogger,
  noMetrics,
} from '../ports/index.ts';
import {
  type Circuit,
  HandlerGuard,
  type HandlerGuardOptions,
  type WatchdogOptions,
  WatchedConsumer,
} from '../resilience/index.ts';
import type { SecurityManager } from '../security-manager.ts';
import type { AppliedEvents } from './applied-events.ts';
import { ConsumerEmitter, type ConsumerEvents } from './consumer-events.ts';
import { type PartitionOf, Placement } from './placement.ts';
import type { GenuineMessage, SecureHandler } from './received-message.ts';
import { TopicReceiver } from './topic-receiver.ts';

export interface SecureConsumerOptions {
  readonly bus: BusPort;
  readonly group: string;
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager;
  /** Checked for the party of the key ring, and for whoever signed a message. */
  readonly access?: AccessRules;
  readonly audit?: MessageAudit;
  readonly metrics?: MessageMetrics;
  readonly logger?: MessageLogger;
  readonly applied?: AppliedEvents;
  /** Whose messages are taken; all tenants' where left out. */
  readonly tenants?: readonly string[];
  /** Time allowed from sealing a message to the log's taking it; 5 minutes where left out. */
  readonly staleAfterMs?: number;
  /** How senders pick partitions: what lies elsewhere is refused. Any place will do where left out. */
  readonly partitionOf?: PartitionOf;
  /** How much a sender's clock may be ahead of the log's; 1 minute where left out. */
  readonly clockSkewMs?: number;
  /** Applied events remembered for each partition; 100,000 where left out. */
  readonly rememberedEvents?: number;
  /** What becomes of a copy of an applied event at another place of the log; `acknowledge` where left out. */
  readonly copies?: 'acknowledge' | 'dead-letter';
  readonly guard?: HandlerGuardOptions;
  readonly watchdog?: WatchdogOptions;
  /**
   * Called when a handler has given a message up, once it stands in the dead letters and before it is settled; may be called
   * again after a crash. Refused messages don't come here: nothing that they say is to be relied on.
   */
  readonly onFailed?: (message: GenuineMessage, reason: DeadLetterReason) => Promise<void>;
  /** Of the bus: retries, keys handled at once, where a new group starts, bytes read ahead. */
  readonly consume?: Pick<ConsumeOptions, 'retry' | 'keysInParallel' | 'from' | 'maxBufferedBytes'>;
}

export interface Subscription {
  readonly topic: string;
  /** What its messages may be; of each the newest version that this reader knows. */
  readonly contracts: readonly PayloadContract[];
}

export interface ConsumerHealth {
  readonly status: 'ok' | 'degraded' | 'stalled' | 'closed';
  readonly circuit: Circuit;
  /** When a message was last done with. */
  readonly lastDoneAt?: Date;
  /** Messages that had not been settled at the last look, by topic. */
  readonly lag: Readonly<Record<string, number>>;
}

interface Running {
  readonly receiver: TopicReceiver;
  readonly consumer: WatchedConsumer;
}

/** So that a key that is being retried doesn't hold up the others of its partition. */
const defaultKeysInParallel = 8;

/**
 * Receives events that are sealed, signed, in their place, fresh, as their contract and policy have them, and new. Anything
 * else goes to the dead letters with a reason, an audit line and a metric, and never to the handler.
 */
export class SecureConsumer {
  readonly #options: SecureConsumerOptions;
  readonly #guard: HandlerGuard;
  readonly #events: ConsumerEmitter;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #running = new Map<string, Running>();
  #closed = false;

  /** @throws {ConfigError} `config-invalid` where applied events are stored and the ring's digests don't last */
  constructor(options: SecureConsumerOptions) {
    if (options.applied !== undefined && !options.security.keys.hasLastingDigests) {
      throw new ConfigError('config-invalid', { message: 'Storing applied events needs a key ring with a digest key' });
    }
    this.#options = options;
    this.#guard = new HandlerGuard(options.guard);
    this.#events = new ConsumerEmitter(options.logger ?? noLogger);
  }

  /** Before {@link run}. @throws {ConfigError} `config-invalid` for a topic without a contract, or one that was subscribed to before; `topic-forbidden`, `policy-violated` */
  subscribe(subscription: Subscription): void {
    const { topic, contracts } = subscription;
    if (contracts.length === 0 || this.#subscriptions.has(topic) || this.#running.size > 0) {
      throw new ConfigError('config-invalid', {
        message: 'A topic is subscribed to once, with a contract, before the consumer runs',
      });
    }
    // Fails now rather than with every message.
    this.#options.access?.assertAllowed(this.#options.security.keys.party, 'READ', topic);
    this.#options.compliance?.policyOf(topic);
    this.#subscriptions.set(topic, subscription);
  }

  on<E extends keyof ConsumerEvents>(event: E, listener: (...args: ConsumerEvents[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  /**
   * Resolves when all topics are being consumed.
   *
   * @throws {UnavailableError} `bus-unavailable`
   */
  async run<T = unknown>(handler: SecureHandler<T>): Promise<void> {
    if (this.#running.size > 0) throw new ConfigError('config-invalid', { message: 'The consumer runs already' });
    for (const subscription of this.#subscriptions.values()) {
      await this.#start(subscription, handler as SecureHandler);
    }
  }

  health(): ConsumerHealth {
    const { circuit } = this.#guard;
    const running = [...this.#running];
    const open = circuit === 'closed' ? ('ok' as const) : ('degraded' as const);
    const isStalled = running.some(([, { consumer }]) => consumer.isStalled);
    const status = this.#closed ? 'closed' : isStalled ? 'stalled' : open;
    const done = running.flatMap(([, { receiver }]) => receiver.lastDoneAt ?? []);
    const lastDoneAt = done.toSorted((a, b) => b.getTime() - a.getTime())[0];
    const lag = running.flatMap(([topic, { consumer }]) => (consumer.lag === undefined ? [] : [[topic, consumer.lag]]));
    return { status, circuit, lag: Object.fromEntries(lag), ...(lastDoneAt && { lastDoneAt }) };
  }

  /** Stops taking messages, waits for those in hand up to `deadlineMs`, then aborts them. The bus stays open. */
  async close(deadlineMs?: number): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running.values()].map(({ consumer }) => consumer.close(deadlineMs)));
  }

  async #start(subscription: Subscription, handler: SecureHandler): Promise<void> {
    const { bus, group, watchdog, metrics = noMetrics, logger = noLogger } = this.#options;
    const { topic } = subscription;
    const placement = new Placement(this.#options.partitionOf);
    const receiver = new TopicReceiver(handler, {
      ...this.#options,
      placement,
      audit: this.#options.audit ?? noAudit,
      metrics,
      contracts: subscription.contracts,
      guard: this.#guard,
    });
    const consumer = await WatchedConsumer.start({
      ...{ bus, topic, group, metrics, logger },
      ...(watchdog !== undefined && { watchdog }),
      start: async () => {
        await placement.learn(bus, topic, group);
        return this.#consume(topic, receiver);
      },
      // An open circuit is no stall: the consumer waits for what its handler needs.
      hasMoved: (longestMs) => receiver.hasMoved(longestMs) || this.#guard.circuit !== 'closed',
      onStalled: () => this.#events.emit('stalled', { topic, group }),
    });
    this.#running.set(topic, { receiver, consumer });
  }

  #consume(topic: string, receiver: TopicReceiver): Promise<Consumer> {
    const { bus, group, consume } = this.#options;
    return bus.consume({
      keysInParallel: defaultKeysInParallel,
      ...consume,
      topic,
      group,
      handler: (delivery: Delivery) => receiver.receive(delivery),
      onDeadLetter: async (message, reason) => {
        const failed = await receiver.recordDeadLetter(message, reason);
        if (failed !== undefined) await this.#options.onFailed?.(failed, reason);
        this.#events.emit('deadLetter', { message, reason });
      },
    });
  }
}
