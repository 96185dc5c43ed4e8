import { ConnectionPool, Consumer as KafkaClient, ListOffsetTimestamps } from '@platformatic/kafka';
import type { BusMessage, Consumer } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import { FetchLoop } from './fetch-loop.ts';
import { FetchedPartition } from './fetched-partition.ts';
import { clientOptions, isolationOf, type KafkaBusOptions } from './kafka-options.ts';

export interface KafkaTailOptions {
  readonly bus: KafkaBusOptions;
  readonly logger: BusLogger;
  readonly topic: string;
  readonly onMessages: (messages: readonly BusMessage[]) => void;
  readonly onClosed: () => void;
}

const maxBufferedBytes = 16 * 1024 * 1024;
const room = { messages: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** Shows all messages of a topic from where it stands now. It joins no group and leaves nothing behind. */
export class KafkaTail implements Consumer {
  readonly #options: KafkaTailOptions;
  readonly #consumer: KafkaClient<Buffer, Buffer, Buffer, Buffer>;
  readonly #fetchConnections: ConnectionPool;
  #partitions: readonly FetchedPartition[] = [];
  #fetchLoop: FetchLoop | undefined;

  constructor(options: KafkaTailOptions) {
    this.#options = options;
    const base = clientOptions(options.bus, 'tail');
    // A group is asked for and never joined.
    this.#consumer = new KafkaClient({
      ...base,
      groupId: `${base.clientId}`,
      autocommit: false,
      isolationLevel: isolationOf(options.bus),
    });
    this.#fetchConnections = new ConnectionPool(base.clientId, base);
  }

  /** @throws the library's error */
  async start(): Promise<void> {
    const { topic, logger } = this.#options;
    const latest = await this.#consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST });
    this.#partitions = (latest.get(topic) ?? []).map((position, index) => {
      const partition = new FetchedPartition(topic, index, position, () => undefined);
      partition.onArrival = () => this.#show(partition);
      return partition;
    });
    this.#fetchLoop = new FetchLoop({
      client: { consumer: this.#consumer, fetchConnections: this.#fetchConnections },
      ...{ topic, logger, maxBufferedBytes },
      partitions: () => this.#partitions,
    });
  }

  async close(): Promise<void> {
    this.#partitions = [];
    await Promise.allSettled([this.#fetchLoop?.close(), this.#consumer.close(true), this.#fetchConnections.close()]);
    this.#options.onClosed();
  }

  #show(partition: FetchedPartition): void {
    const messages = partition.take(room)?.messages ?? [];
    if (!this.#partitions.includes(partition)) return;
    try {
      this.#options.onMessages(messages);
    } catch {
      this.#options.logger.error({ topic: this.#options.topic }, 'what a tail shows to threw');
    }
  }
}
