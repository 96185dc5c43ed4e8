import { UnavailableError } from '@sdp/shared/errors';
import type {
  BusPort,
  ConsumeOptions,
  Consumer,
  OutgoingMessage,
  SqlTransaction,
  TopicLag,
} from '@sdp/shared/messaging';
import { type Pool, withTransaction } from '../../database/index.ts';
import type { BusLogger } from '../bus-logger.ts';
import { groupIsBusy } from '../group-is-busy.ts';
import { type PublishCall, PublishQueue } from '../publish-queue.ts';
import { type Appended, appendMessages, isMissingSegment } from './append.ts';
import { busError, ControlConnection, statementName } from './control-connection.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { ensureSegments, retain } from './segments.ts';
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

const maintenanceMs = 60 * 60 * 1_000;

/** {@link BusPort} on a log in PostgreSQL, for one machine or a few. The database's migrations must be applied. */
export class EmbeddedBus implements BusPort {
  readonly #pool: Pool;
  readonly #logger: BusLogger;
  readonly #options: EmbeddedBusOptions;
  readonly #topics: Topics;
  readonly #control: ControlConnection;
  readonly #wakeUps = new WakeUps();
  readonly #queue: PublishQueue;
  readonly #consumers = new Set<EmbeddedConsumer>();
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
   * Publishes inside a transaction of the caller's: the messages are in the log if it commits. Call the function returned
   * afterwards, to wake the readers.
   */
  async publishIn(
    transaction: SqlTransaction,
    topic: string,
    messages: readonly OutgoingMessage[],
  ): Promise<() => void> {
    await this.#open();
    const appended = await appendMessages(transaction, topic, await this.#topics.partitionsOf(topic), messages);
    return () => this.#onAppended(appended);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    await this.#open();
    // Fails now rather than in the background if there is no such topic.
    await this.#topics.partitionsOf(options.topic).catch(rethrow);
    const consumer = new EmbeddedConsumer(options, {
      pool: this.#pool,
      control: this.#control,
      topics: this.#topics,
      wakeUps: this.#wakeUps,
      logger: this.#logger,
      leaseMs: this.#options.leaseMs ?? 10_000,
      pollMs: this.#options.pollMs ?? 1_000,
      onAppended: (appended) => this.#onAppended(appended),
      onMembershipChange: (topic, group) => this.#onMembershipChange(topic, group),
      onClosed: (closed) => this.#consumers.delete(closed),
    });
    this.#consumers.add(consumer);
    try {
      await consumer.start();
    } catch (error) {
      this.#consumers.delete(consumer);
      throw error;
    }
    return consumer;
  }

  async replayFrom(topic: string, group: string, time: Date): Promise<void> {
    await withTransaction(this.#pool, async (client) => {
      const { rowCount: live } = await client.query(
        `SELECT 1 FROM bus_lease WHERE group_name = $1 AND topic = $2 AND leased_until > clock_timestamp() LIMIT 1`,
        [group, topic],
      );
      if (live !== 0) throw groupIsBusy();
      await client.query(
        `INSERT INTO bus_offset AS o (group_name, topic, partition, next_offset, fence)
         SELECT $1, p.topic, p.partition,
                coalesce((SELECT l."offset" FROM bus_log l
                           WHERE l.topic = p.topic AND l.partition = p.partition AND l.written_at >= $3
                             AND l.segment >= bus_segment($3)
                           ORDER BY l."offset" LIMIT 1), p.next_offset), 1
           FROM bus_partition p WHERE p.topic = $2
         ON CONFLICT (group_name, topic, partition) DO UPDATE SET next_offset = excluded.next_offset, fence = o.fence + 1`,
        [group, topic, time],
      );
    }).catch(rethrow);
  }

  async lag(topic: string, group: string): Promise<readonly TopicLag[]> {
    const { rows } = await this.#pool
      .query<{ partition: number; lag: string }>(
        `SELECT p.partition,
                p.next_offset - greatest(coalesce(o.next_offset, 0), coalesce(
                  (SELECT l."offset" FROM bus_log l WHERE l.topic = p.topic AND l.partition = p.partition
                    ORDER BY l."offset" LIMIT 1), p.next_offset)) AS lag
           FROM bus_partition p
           LEFT JOIN bus_offset o ON o.topic = p.topic AND o.partition = p.partition AND o.group_name = $2
          WHERE p.topic = $1 ORDER BY p.partition`,
        [topic, group],
      )
      .catch(rethrow);
    return rows.map(({ partition, lag }) => ({ partition, lag: BigInt(lag) }));
  }

  async check(): Promise<void> {
    await this.#control.query('SELECT 1', []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.drained();
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
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

  async #append(calls: readonly PublishCall[]): Promise<void> {
    const byTopic = new Map<string, OutgoingMessage[]>();
    for (const { topic, messages } of calls) {
      const all = byTopic.get(topic);
      if (all) all.push(...messages);
      else byTopic.set(topic, [...messages]);
    }
    const appendAll = () => (byTopic.size === 1 ? this.#appendOne(byTopic) : this.#appendEach(byTopic));
    const appended = await appendAll()
      .catch(async (error: unknown) => {
        if (!isMissingSegment(error)) throw error;
        await ensureSegments(this.#pool);
        return appendAll();
      })
      .catch(rethrow);
    for (const one of appended) this.#onAppended(one);
  }

  /** The usual case: one statement, which is a transaction by itself. */
  async #appendOne(byTopic: ReadonlyMap<string, OutgoingMessage[]>): Promise<Appended[]> {
    const statement: SqlTransaction = {
      query: (text, values) => this.#pool.query({ name: statementName(text), text, values: values as unknown[] }),
    };
    const [[topic, messages] = ['', []]] = byTopic;
    return [await appendMessages(statement, topic, await this.#topics.partitionsOf(topic), messages)];
  }

  #appendEach(byTopic: ReadonlyMap<string, OutgoingMessage[]>): Promise<Appended[]> {
    return withTransaction(this.#pool, async (client) => {
      const appended: Appended[] = [];
      // In a fixed order, so that two publishers can't wait for one another.
      for (const topic of [...byTopic.keys()].sort()) {
        const partitions = await this.#topics.partitionsOf(topic);
        appended.push(await appendMessages(client, topic, partitions, byTopic.get(topic) ?? []));
      }
      return appended;
    });
  }

  #onAppended({ topic, partitions }: Appended): void {
    this.#wakeUps.wake(topic, partitions);
    this.#control.notify([JSON.stringify({ topic, partitions })]);
  }

  #onMembershipChange(topic: string, group: string): void {
    this.#rebalance(topic, group);
    this.#control.notify([JSON.stringify({ topic, group })]);
  }

  #rebalance(topic: string, group: string): void {
    for (const consumer of this.#consumers) {
      if (consumer.topic === topic && consumer.group === group) consumer.rebalance();
    }
  }

  #onNotification(payload: string): void {
    const { topic, partitions, group } = JSON.parse(payload) as {
      topic: string;
      partitions?: number[];
      group?: string;
    };
    if (partitions !== undefined) this.#wakeUps.wake(topic, partitions);
    if (group !== undefined) this.#rebalance(topic, group);
  }

  #onConnected(): void {
    this.#wakeUps.wakeAll();
    for (const consumer of this.#consumers) consumer.rebalance();
  }
}

function rethrow(error: unknown): never {
  throw busError(error);
}
