import { UnavailableError } from '@sdp/shared/errors';
import type {
  BusMessage,
  ConsumeOptions,
  Consumer,
  OutgoingMessage,
  SqlTransaction,
  StageBus,
  StageOptions,
  TopicLag,
} from '@sdp/shared/messaging';
import { type Pool, type PoolClient, withTransaction } from '../../database/index.ts';
import type { BusLogger } from '../bus-logger.ts';
import { type PublishCall, PublishQueue } from '../publish-queue.ts';
import { type Append, type Appended, appendMessages, appendWith, slotsOf, type WithMessages } from './append.ts';
import { Committer } from './committer.ts';
import { busError, ControlConnection, statementName } from './control-connection.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { EmbeddedStage, type EmbeddedStageOptions } from './embedded-stage.ts';
import { EmbeddedTail } from './embedded-tail.ts';
import { lagOf, moveGroup } from './group-offsets.ts';
import type { LogReader } from './log-reader.ts';
import { ensureSegments, retain, withSegments } from './segments.ts';
import { Topics } from './topics.ts';
import { WakeUps } from './wake-ups.ts';

export interface EmbeddedBusOptions {
  readonly pool: Pool;
  /** For the bus's own connection, beside the pool. */
  readonly dsn: string;
  readonly logger: BusLogger;
  /** After this long without a sign of life a consumer's partitions go to others. */
  readonly leaseMs?: number;
  /** How often readers look without being woken. */
  readonly pollMs?: number;
  /** Messages older than this are dropped, if every group has settled them. */
  readonly retentionDays?: number;
}

/** Publishes inside a transaction. */
export type PublishIn = (topic: string, messages: readonly OutgoingMessage[]) => Promise<void>;

const maintenanceMs = 60 * 60 * 1_000;

/** {@link StageBus} on a log in PostgreSQL, for one machine or a few. The database's migrations must be applied. */
export class EmbeddedBus implements StageBus {
  readonly #pool: Pool;
  readonly #logger: BusLogger;
  readonly #options: EmbeddedBusOptions;
  readonly #topics: Topics;
  readonly #control: ControlConnection;
  readonly #committer: Committer;
  readonly #wakeUps = new WakeUps();
  readonly #queue: PublishQueue;
  readonly #consumers = new Set<EmbeddedConsumer | EmbeddedStage>();
  readonly #tails = new Set<EmbeddedTail>();
  #maintenance: NodeJS.Timeout | undefined;
  #opened: Promise<void> | undefined;
  #closed = false;

  constructor(options: EmbeddedBusOptions) {
    this.#options = options;
    this.#pool = options.pool;
    this.#logger = options.logger;
    this.#topics = new Topics(options.pool);
    this.#control = new ControlConnection({
      dsn: options.dsn,
      logger: options.logger,
      onNotification: (payload) => this.#onNotification(payload),
      onConnected: () => this.#onConnected(),
    });
    this.#committer = new Committer({
      pool: options.pool,
      isAlone: () => this.#control.isAlone,
      isTaken: (topic) => this.#stagesOf(topic).next().done !== true,
      onHandedOver: (appended) => this.#handOver(appended),
      onRetracted: (topic, partition, offset) => {
        for (const stage of this.#stagesOf(topic)) stage.reader.retract(partition, offset);
      },
      onAppended: (appended) => this.#show(appended),
    });
    this.#queue = new PublishQueue((calls) => this.#append(calls));
  }

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    await this.#open();
    await this.#topics.ensure(topic, partitions).catch(rethrow);
  }

  async publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.#open();
    await this.#queue.publish(topic, messages);
  }

  /**
   * Runs a transaction in which `publish` puts messages into the log: they are there if it commits.
   *
   * @throws {UnavailableError} `database-unavailable`, `bus-unavailable`, and what `work` throws
   */
  async transaction<T>(work: (client: PoolClient, publish: PublishIn) => Promise<T>): Promise<T> {
    await this.#open();
    const appended: Appended[] = [];
    const releases: (() => void)[] = [];
    const publishIn = async (client: PoolClient, topic: string, messages: readonly OutgoingMessage[]) => {
      const appends = [{ topic, partitions: await this.#topics.partitionsOf(topic), messages }];
      releases.push(await this.#committer.hold(slotsOf(appends)));
      appended.push(...(await appendMessages(client, appends)));
    };
    try {
      const result = await withTransaction(this.#pool, (client) =>
        work(client, (topic, messages) => publishIn(client, topic, messages)),
      );
      this.#onAppended(appended);
      return result;
    } finally {
      for (const release of releases) release();
    }
  }

  /**
   * Publishes in one statement with other rows: half the round trips of a transaction, where each costs a turn of everybody's
   * event loop.
   *
   * @throws what the database throws when `rows` can't be written: nothing is published then
   */
  async publishWith(rows: WithMessages, topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.#open();
    const append = { topic, partitions: await this.#topics.partitionsOf(topic), messages };
    const store = () => appendWith(this.#statement(), rows, append);
    this.#onAppended(await this.#committer.alone(slotsOf([append]), store));
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    return this.#join(options.topic, (common) => new EmbeddedConsumer(options, { ...common, wakeUps: this.#wakeUps }));
  }

  async runStage(options: StageOptions): Promise<Consumer> {
    return this.#join(options.topic, (common) => new EmbeddedStage(options, common));
  }

  async tail(topic: string, onMessages: (messages: readonly BusMessage[]) => void): Promise<Consumer> {
    await this.#open();
    await this.#topics.partitionsOf(topic).catch(rethrow);
    const tail = new EmbeddedTail({
      ...{ topic, onMessages, pool: this.#pool, logger: this.#logger, pollMs: this.#pollMs },
      onClosed: (closed) => this.#tails.delete(closed),
    });
    this.#tails.add(tail);
    try {
      await tail.start();
    } catch (error) {
      await tail.close();
      throw busError(error);
    }
    return tail;
  }

  async replayFrom(topic: string, group: string, time: Date): Promise<void> {
    await moveGroup(this.#pool, topic, group, time).catch(rethrow);
  }

  async lag(topic: string, group: string): Promise<readonly TopicLag[]> {
    return lagOf(this.#pool, topic, group).catch(rethrow);
  }

  async check(): Promise<void> {
    await this.#control.query('SELECT 1', []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.drained();
    await Promise.all([...this.#consumers, ...this.#tails].map((consumer) => consumer.close()));
    await this.#committer.idle();
    clearInterval(this.#maintenance);
    await this.#control.close();
  }

  async #open(): Promise<void> {
    if (this.#closed) throw new UnavailableError('bus-unavailable', { message: 'The bus is closed' });
    this.#opened ??= this.#start().catch((error: unknown) => {
      this.#opened = undefined;
      throw busError(error);
    });
    await this.#opened;
  }

  async #start(): Promise<void> {
    await this.#control.open();
    await ensureSegments(this.#pool);
    this.#maintenance ??= setInterval(() => void this.#maintain(), maintenanceMs).unref();
  }

  async #maintain(): Promise<void> {
    try {
      await ensureSegments(this.#pool);
      if (this.#options.retentionDays === undefined) return;
      const { unsettled } = await retain(this.#pool, this.#options.retentionDays);
      if (unsettled.length > 0)
        this.#logger.warn({ count: unsettled.length }, 'old messages kept, a group has not settled them');
    } catch {
      this.#logger.warn({}, 'bus maintenance failed, it will be tried again');
    }
  }

  async #join<C extends EmbeddedConsumer | EmbeddedStage>(
    topic: string,
    make: (common: EmbeddedStageOptions) => C,
  ): Promise<C> {
    await this.#open();
    // Fails now rather than in the background if there is no such topic.
    await this.#topics.partitionsOf(topic).catch(rethrow);
    const consumer: C = make({
      pool: this.#pool,
      control: this.#control,
      topics: this.#topics,
      committer: this.#committer,
      logger: this.#logger,
      leaseMs: this.#options.leaseMs ?? 10_000,
      pollMs: this.#pollMs,
      onAppended: (appended) => this.#onAppended(appended),
      onMembershipChange: (ofTopic, group) => this.#onMembershipChange(ofTopic, group),
      onClosed: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    try {
      await consumer.member.start();
    } catch (error) {
      this.#consumers.delete(consumer);
      throw error;
    }
    return consumer;
  }

  get #pollMs(): number {
    return this.#options.pollMs ?? 1_000;
  }

  /** One statement, which is a transaction by itself. */
  async #append(calls: readonly PublishCall[]): Promise<void> {
    const byTopic = new Map<string, OutgoingMessage[]>();
    for (const { topic, messages } of calls) {
      const all = byTopic.get(topic);
      if (all) all.push(...messages);
      else byTopic.set(topic, [...messages]);
    }
    const appends: Append[] = [];
    for (const [topic, messages] of byTopic) {
      appends.push({ topic, partitions: await this.#topics.partitionsOf(topic).catch(rethrow), messages });
    }
    if (this.#committer.isOpen) {
      await this.#committer.store({ settles: [], slots: slotsOf(appends) });
      return;
    }
    const statement = this.#statement();
    const append = () => withSegments(this.#pool, () => appendMessages(statement, appends));
    this.#onAppended(await this.#committer.alone(slotsOf(appends), append).catch(rethrow));
  }

  /** One statement is a transaction by itself. */
  #statement(): SqlTransaction {
    return {
      query: (text, values) => this.#pool.query({ name: statementName(text), text, values: values as unknown[] }),
    };
  }

  /** Of what was committed by anybody but the committer. */
  #onAppended(appended: readonly Appended[]): void {
    this.#committer.observe(appended);
    this.#show(appended);
  }

  /** Hands to readers of this process what was committed, and wakes those of others. */
  #show(appended: readonly Appended[]): void {
    for (const { topic, partition, messages } of appended) {
      this.#wakeUps.wake(topic, [partition]);
      for (const reader of this.#readers()) if (reader.topic === topic) reader.offer(partition, messages);
    }
    const byTopic = Map.groupBy(appended, ({ topic }) => topic);
    this.#control.notify(
      [...byTopic].map(([topic, of]) => JSON.stringify({ topic, partitions: of.map(({ partition }) => partition) })),
    );
  }

  #handOver({ topic, partition, messages }: Appended): void {
    for (const stage of this.#stagesOf(topic)) stage.reader.offer(partition, messages);
  }

  *#stagesOf(topic: string): Generator<EmbeddedStage> {
    for (const consumer of this.#consumers) {
      if (consumer instanceof EmbeddedStage && consumer.member.topic === topic) yield consumer;
    }
  }

  *#readers(): Generator<LogReader> {
    for (const consumer of this.#consumers) if (consumer instanceof EmbeddedStage) yield consumer.reader;
    for (const tail of this.#tails) yield tail.reader;
  }

  #onMembershipChange(topic: string, group: string): void {
    this.#rebalance(topic, group);
    this.#control.notify([JSON.stringify({ topic, group })]);
  }

  #rebalance(topic: string, group: string): void {
    for (const { member } of this.#consumers) {
      if (member.topic === topic && member.group === group) member.rebalance();
    }
  }

  #onNotification(payload: string): void {
    const { topic, partitions, group } = JSON.parse(payload) as {
      topic: string;
      partitions?: number[];
      group?: string;
    };
    if (partitions !== undefined) {
      this.#wakeUps.wake(topic, partitions);
      for (const reader of this.#readers()) if (reader.topic === topic) reader.look(partitions);
    }
    if (group !== undefined) this.#rebalance(topic, group);
  }

  #onConnected(): void {
    this.#wakeUps.wakeAll();
    for (const reader of this.#readers()) reader.look();
    for (const { member } of this.#consumers) member.rebalance();
  }
}

function rethrow(error: unknown): never {
  throw busError(error);
}
