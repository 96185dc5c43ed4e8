import { type FetchOptions, ListOffsetTimestamps } from '@platformatic/kafka';
import type { BusMessage } from '@sdp/shared/messaging';
import type { Room, StagePartition, Taken } from '../stage/stage-partition.ts';
import { messagesOf } from './fetched-messages.ts';
import type { FetchedPartition } from './fetched-partition.ts';
import { asBusError, hasApiId } from './kafka-errors.ts';
import type { KafkaMember } from './kafka-member.ts';
import type { StageTransactions } from './stage-transactions.ts';

const readBytes = 1024 * 1024;
const readWaitMs = 100;

/** A partition assigned to this member, as a stage works on it. */
export class KafkaStagePartition implements StagePartition {
  readonly topic: string;
  readonly partition: number;
  readonly fetched: FetchedPartition;
  readonly #member: KafkaMember;
  readonly #transactions: StageTransactions | undefined;
  #isFresh = true;

  constructor(fetched: FetchedPartition, member: KafkaMember, transactions?: StageTransactions) {
    this.topic = fetched.topic;
    this.partition = fetched.partition;
    this.fetched = fetched;
    this.#member = member;
    this.#transactions = transactions;
  }

  async open(): Promise<bigint | undefined> {
    if (this.#isFresh && this.#transactions === undefined) {
      // Nobody has taken anything: it stands where the assignment was.
      this.#isFresh = false;
      return this.fetched.position;
    }
    try {
      await this.#transactions?.resolve(this.partition);
      const positions = await this.#member.positions([this.partition]);
      const position = positions.get(this.partition);
      if (!this.#member.owns(this.fetched) || position === undefined) return undefined;
      this.fetched.reset(position);
      return position;
    } catch (error) {
      throw asBusError(error);
    }
  }

  async *read(from: bigint, to: bigint): AsyncGenerator<readonly BusMessage[]> {
    for (let position = from; position < to; ) {
      const fetched = await this.#fetch(position).catch((error: unknown) => this.#onOutOfRange(error));
      if (typeof fetched === 'bigint') {
        if (fetched <= position) return;
        position = fetched;
        continue;
      }
      const messages = fetched.messages.filter(({ offset }) => offset < to);
      if (messages.length > 0) yield messages;
      position = fetched.position;
    }
  }

  take(room: Room): Taken | undefined {
    return this.fetched.take(room);
  }

  async #fetch(position: bigint): Promise<ReturnType<typeof messagesOf>> {
    const { topic, partition } = this;
    const client = this.#member.membership?.client;
    if (client === undefined) throw new Error('the member is not connected');
    const described = (await client.consumer.metadata({ topics: [topic] })).topics.get(topic);
    const node = described?.partitions[partition]?.leader;
    if (described === undefined || node === undefined) throw new Error('the topic is not known to the broker');
    const asked = { partition, fetchOffset: position, partitionMaxBytes: readBytes };
    const topics: FetchOptions<Buffer, Buffer, Buffer, Buffer>['topics'] = [
      { topicId: described.id, partitions: [{ ...asked, currentLeaderEpoch: -1, lastFetchedEpoch: -1 }] },
    ];
    const { readConnections } = client;
    const request = { node, topics, minBytes: 1, maxBytes: readBytes, maxWaitTime: readWaitMs };
    const { responses } = await client.consumer.fetch({ ...request, connectionPool: readConnections });
    const { records, abortedTransactions } = responses[0]?.partitions[0] ?? {};
    return messagesOf(topic, partition, position, records ?? [], abortedTransactions ?? []);
  }

  /** What retention has dropped isn't read: resolves to the oldest offset there is. */
  async #onOutOfRange(error: unknown): Promise<bigint> {
    const consumer = this.#member.membership?.client.consumer;
    if (consumer === undefined || !hasApiId(error, 'OFFSET_OUT_OF_RANGE')) throw asBusError(error);
    const { topic, partition } = this;
    const oldest = await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.EARLIEST });
    return oldest.get(topic)?.[partition] ?? 0n;
  }
}
