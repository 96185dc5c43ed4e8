import { Admin, Consumer, FetchIsolationLevels, type FetchOptions, ListOffsetTimestamps } from '@platformatic/kafka';
import { UnavailableError } from '@sdp/shared/errors';
import type { BusMessage } from '@sdp/shared/messaging';
import type { PartitionRange, TopicReader } from '../topic-reader.ts';
import { guardConnections } from './connection-errors.ts';
import { explainConnection } from './explain-connection.ts';
import { messagesOf } from './fetched-messages.ts';
import { asBusError, hasApiId } from './kafka-errors.ts';
import { clientOptions, type KafkaBusOptions } from './kafka-options.ts';

const readBytes = 1024 * 1024;
const waitMs = 100;
/** Without getting on: what is there doesn't come. */
const maxTries = 100;

/** Topics of Kafka, as they stand. Needs READ and DESCRIBE of them, and no group. */
export class KafkaTopicReader implements TopicReader {
  readonly #options: KafkaBusOptions;
  readonly #admin: Admin;
  readonly #consumer: Consumer<Buffer, Buffer, Buffer, Buffer>;

  constructor(options: KafkaBusOptions) {
    guardConnections();
    this.#options = options;
    const base = clientOptions(options, 'reader');
    this.#admin = new Admin(base);
    // A group is asked for and never joined.
    this.#consumer = new Consumer({
      ...base,
      groupId: `${base.clientId}`,
      autocommit: false,
      // What was taken back, or may be yet, is no letter.
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    });
  }

  async topics(): Promise<readonly string[]> {
    return this.#ask(() => this.#admin.listTopics({ includeInternals: false }));
  }

  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    const [first, end] = await Promise.all(
      [ListOffsetTimestamps.EARLIEST, ListOffsetTimestamps.LATEST].map(async (timestamp) => {
        const offsets = await this.#ask(() => this.#consumer.listOffsets({ topics: [topic], timestamp }));
        return offsets.get(topic) ?? [];
      }),
    );
    return (end ?? []).map((offset, partition) => ({ partition, first: first?.[partition] ?? 0n, end: offset }));
  }

  async *read(topic: string, partition: number, from: bigint, to: bigint): AsyncGenerator<readonly BusMessage[]> {
    for (let [position, tries] = [from, 0]; position < to; tries++) {
      if (tries > maxTries) throw new UnavailableError('bus-unavailable');
      let fetched: ReturnType<typeof messagesOf>;
      try {
        fetched = await this.#fetch(topic, partition, position);
      } catch (error) {
        if (!hasApiId(error, 'OFFSET_OUT_OF_RANGE')) throw asBusError(error);
        // Retention has dropped what was there; beyond the end there is nothing.
        const first = (await this.ranges(topic)).find((range) => range.partition === partition)?.first ?? to;
        if (first <= position) return;
        position = first;
        continue;
      }
      const messages = fetched.messages.filter(({ offset }) => offset < to);
      if (messages.length > 0) yield messages;
      if (fetched.position > position) tries = 0;
      position = fetched.position;
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#admin.close(), this.#consumer.close(true)]);
  }

  async #fetch(topic: string, partition: number, position: bigint): Promise<ReturnType<typeof messagesOf>> {
    const described = (await this.#consumer.metadata({ topics: [topic] })).topics.get(topic);
    const node = described?.partitions[partition]?.leader;
    if (described === undefined || node === undefined) throw new Error('the topic is not known to the broker');
    const asked = { partition, fetchOffset: position, partitionMaxBytes: readBytes };
    const topics: FetchOptions<Buffer, Buffer, Buffer, Buffer>['topics'] = [
      { topicId: described.id, partitions: [{ ...asked, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }] },
    ];
    const request = { node, topics, minBytes: 1, maxBytes: readBytes, maxWaitTime: waitMs };
    const { responses } = await this.#consumer.fetch(request);
    const { records, abortedTransactions } = responses[0]?.partitions[0] ?? {};
    return messagesOf(topic, partition, position, records ?? [], abortedTransactions ?? []);
  }

  async #ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw await explainConnection(this.#options, asBusError(error));
    }
  }
}
