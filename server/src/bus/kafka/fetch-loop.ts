import { type ConnectionPool, type Consumer, type FetchOptions, ListOffsetTimestamps } from '@platformatic/kafka';
import type { BusLogger } from '../bus-logger.ts';
import { pause, retryDelayMs } from '../retry.ts';
import { messagesOf } from './fetched-messages.ts';
import type { FetchedPartition } from './fetched-partition.ts';
import { hasApiId } from './kafka-errors.ts';

type FetchRequestTopic = FetchOptions<Buffer, Buffer, Buffer, Buffer>['topics'][number];
type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;

export interface FetchClient {
  readonly consumer: Consumer<Buffer, Buffer, Buffer, Buffer>;
  /** Connections for fetches alone: a fetch that waits for news holds up what comes behind it. */
  readonly fetchConnections: ConnectionPool;
}

export interface FetchLoopOptions {
  readonly client: FetchClient;
  readonly topic: string;
  readonly logger: BusLogger;
  /** Partitions that are assigned now. */
  readonly partitions: () => Iterable<FetchedPartition>;
  /** Bound on what is fetched and not yet taken, over all partitions. */
  readonly maxBufferedBytes: number;
}

/** How long the broker may wait for news; shorter while a partition is left out because its buffer is full. */
const waitMs = 500;
const shortWaitMs = 20;
const retry = { maxAttempts: 0, initialDelayMs: 100, maxDelayMs: 5_000 };

/**
 * Fetches for all assigned partitions that have room, one request a leading broker at a time. A partition whose handler is
 * slow or retrying is left out and holds up no other.
 */
export class FetchLoop {
  readonly #options: FetchLoopOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #nudge: (() => void) | undefined;
  #nudged = false;

  constructor(options: FetchLoopOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Something changed: there is room, or there are other partitions. */
  nudge(): void {
    this.#nudged = true;
    this.#nudge?.();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.nudge();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      try {
        const asked = await this.#fetchOnce();
        failures = 0;
        if (!asked) await this.#waitForNudge();
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        failures++;
        if (await this.#recover(error).catch(() => false)) continue;
        this.#options.logger.warn(
          { topic: this.#options.topic, attempt: failures },
          'fetch failed, it will be tried again',
        );
        await pause(retryDelayMs(retry, failures), this.#closing.signal);
      }
    }
  }

  /** Resolves to false when there was nothing to ask for. */
  async #fetchOnce(): Promise<boolean> {
    const { client, topic, maxBufferedBytes } = this.#options;
    this.#nudged = false;
    const assigned = [...this.#options.partitions()];
    if (assigned.length === 0) return false;
    const share = Math.max(1, Math.floor(maxBufferedBytes / assigned.length / 2));
    const hungry = assigned.filter(({ bufferedBytes }) => bufferedBytes < share);
    if (hungry.length === 0) return false;
    const metadata = await client.consumer.metadata({ topics: [topic] });
    const described = metadata.topics.get(topic);
    if (described === undefined) throw new Error('the topic is not known to the broker');
    const byLeader = Map.groupBy(hungry, ({ partition }) => described.partitions[partition]?.leader ?? -1);
    const maxWaitTime = hungry.length < assigned.length ? shortWaitMs : waitMs;
    await Promise.all(
      [...byLeader].map(async ([node, partitions]) => {
        const topics = requestOf(described.id, partitions, share);
        const { fetchConnections } = client;
        const asked = new Map(
          partitions.map((partition) => [partition.partition, { partition, position: partition.position }]),
        );
        const request = { node, topics, minBytes: 1, maxBytes: share * partitions.length, maxWaitTime };
        const response = await client.consumer.fetch({ ...request, connectionPool: fetchConnections });
        this.#deliver(response, asked);
      }),
    );
    return true;
  }

  #deliver(
    response: FetchResponse,
    asked: ReadonlyMap<number, { partition: FetchedPartition; position: bigint }>,
  ): void {
    const stillOurs = new Set(this.#options.partitions());
    for (const { partitions } of response.responses) {
      for (const { partitionIndex, records, abortedTransactions } of partitions) {
        const { partition, position } = asked.get(partitionIndex) ?? {};
        if (partition === undefined || records === null || records === undefined || !stillOurs.has(partition)) continue;
        // Reset meanwhile: this answers a question of before.
        if (partition.position !== position) continue;
        const fetched = messagesOf(partition.topic, partitionIndex, position, records, abortedTransactions ?? []);
        partition.push(fetched.messages, fetched.position);
      }
    }
  }

  /** Retention may have dropped what we were to read next: goes on with the oldest there is. */
  async #recover(error: unknown): Promise<boolean> {
    if (!hasApiId(error, 'OFFSET_OUT_OF_RANGE')) return false;
    const { client, topic, logger } = this.#options;
    const { consumer } = client;
    const oldest = (await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.EARLIEST })).get(
      topic,
    );
    const latest = (await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST })).get(topic);
    for (const partition of this.#options.partitions()) {
      const first = oldest?.[partition.partition] ?? 0n;
      const end = latest?.[partition.partition] ?? partition.position;
      // Beyond the end: the topic was made anew.
      if (partition.position >= first && partition.position <= end) continue;
      logger.warn(
        { topic, partition: partition.partition },
        'the log no longer has what this group was to read, going on with the oldest there is',
      );
      partition.push([], first);
    }
    return true;
  }

  async #waitForNudge(): Promise<void> {
    if (this.#nudged || this.#closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#nudge = resolve;
    });
    this.#nudge = undefined;
  }
}

function requestOf(topicId: string, partitions: readonly FetchedPartition[], share: number): FetchRequestTopic[] {
  return [
    {
      topicId,
      partitions: partitions.map(({ partition, position }) => ({
        partition,
        fetchOffset: position,
        partitionMaxBytes: share,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
      })),
    },
  ];
}
