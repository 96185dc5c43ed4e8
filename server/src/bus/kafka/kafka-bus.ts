import { Admin, ListOffsetTimestamps } from '@platformatic/kafka';
import { RejectedError } from '@sdp/shared/errors';
import type {
  BusMessage,
  ConsumeOptions,
  Consumer,
  DeadLetterReason,
  OutgoingMessage,
  StageBus,
  StageOptions,
  TopicLag,
} from '@sdp/shared/messaging';
import { deadLetterTopic } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import { toDeadLetter, toDeadLetterWithoutContent } from '../dead-letter.ts';
import { groupIsBusy } from '../group-is-busy.ts';
import { guardConnections } from './connection-errors.ts';
import { explainConnection } from './explain-connection.ts';
import { KafkaConsumer } from './kafka-consumer.ts';
import { asBusError, hasApiId, isForbidden } from './kafka-errors.ts';
import { clientOptions, type KafkaBusOptions } from './kafka-options.ts';
import { KafkaProducer } from './kafka-producer.ts';
import { KafkaStage } from './kafka-stage.ts';
import { KafkaTail } from './kafka-tail.ts';

export type { KafkaBusOptions } from './kafka-options.ts';

interface Common {
  readonly bus: KafkaBusOptions;
  readonly logger: BusLogger;
  readonly onClosed: () => void;
}

interface TopicConfig {
  readonly name: string;
  readonly value: string;
}

/** Twice what brokers take by default: a dead letter is its original with headers more. */
const deadLetterMaxBytes = 2 * 1_048_588;

/** {@link StageBus} on Apache Kafka 4 or later. */
export class KafkaBus implements StageBus {
  readonly #options: KafkaBusOptions;
  readonly #producer: KafkaProducer;
  readonly #consumers = new Set<Consumer>();
  readonly #admin: Admin;

  constructor(options: KafkaBusOptions) {
    this.#options = options;
    guardConnections();
    this.#admin = new Admin(clientOptions(options, 'admin'));
    this.#producer = new KafkaProducer(options, (topic) => this.#partitionCount(topic));
  }

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    await this.#create(topic, partitions);
    await this.#create(deadLetterTopic(topic), 1, [{ name: 'max.message.bytes', value: String(deadLetterMaxBytes) }]);
  }

  publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    return this.#producer.publish(topic, messages);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    return this.#begin(
      (common) =>
        new KafkaConsumer(options, {
          ...common,
          publishDeadLetter: (message, reason) => this.#publishDeadLetter(message, reason),
        }),
    );
  }

  async runStage(options: StageOptions): Promise<Consumer> {
    return this.#begin(
      (common) =>
        new KafkaStage(options, {
          ...common,
          publish: (topic, messages) => this.publish(topic, messages),
          partitionCounts: (topic) => this.#partitionCount(topic),
          publishDeadLetter: (message, reason) => this.#publishDeadLetter(message, reason),
        }),
    );
  }

  async tail(topic: string, onMessages: (messages: readonly BusMessage[]) => void): Promise<Consumer> {
    return this.#begin((common) => new KafkaTail({ ...common, topic, onMessages }));
  }

  async replayFrom(topic: string, group: string, time: Date): Promise<void> {
    try {
      const members = (await this.#admin.describeGroups({ groups: [group] })).get(group)?.members.size ?? 0;
      if (members > 0) throw groupIsBusy();
    } catch (error) {
      // A group that never was has no members either.
      if (!hasApiId(error, 'GROUP_ID_NOT_FOUND')) throw asBusError(error);
    }
    const latest = await this.#offsets(topic, ListOffsetTimestamps.LATEST);
    const atTime = await this.#offsets(topic, BigInt(time.getTime()));
    const partitionOffsets = latest.map((end, partition) => {
      const found = atTime[partition] ?? -1n;
      return { partition, offset: found < 0n ? end : found };
    });
    await this.#ask(() =>
      this.#admin.alterConsumerGroupOffsets({ groupId: group, topics: [{ name: topic, partitionOffsets }] }),
    );
  }

  async lag(topic: string, group: string): Promise<readonly TopicLag[]> {
    const [oldest, latest, groups] = await Promise.all([
      this.#offsets(topic, ListOffsetTimestamps.EARLIEST),
      this.#offsets(topic, ListOffsetTimestamps.LATEST),
      this.#ask(() => this.#admin.listConsumerGroupOffsets({ groups: [group] })),
    ]);
    const committed = new Map<number, bigint>();
    for (const { name, partitions } of groups[0]?.topics ?? []) {
      if (name !== topic) continue;
      for (const { partitionIndex, committedOffset } of partitions) committed.set(partitionIndex, committedOffset);
    }
    return latest.map((end, partition) => {
      const first = oldest[partition] ?? 0n;
      const stored = committed.get(partition) ?? -1n;
      const settled = stored < 0n ? undefined : stored;
      return { partition, end, settled, lag: end - (stored > first ? stored : first) };
    });
  }

  async check(): Promise<void> {
    try {
      await this.#ask(() => this.#admin.metadata({ topics: [], forceUpdate: true }));
    } catch (error) {
      throw await explainConnection(this.#options, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await this.#producer.close();
    await this.#admin.close().catch(() => undefined);
  }

  async #begin<C extends KafkaConsumer | KafkaStage | KafkaTail>(make: (common: Common) => C): Promise<C> {
    const { logger } = this.#options;
    const consumer: C = make({ bus: this.#options, logger, onClosed: () => this.#consumers.delete(consumer) });
    this.#consumers.add(consumer);
    try {
      await consumer.start();
    } catch (error) {
      await consumer.close(0);
      throw asBusError(error);
    }
    return consumer;
  }

  async #publishDeadLetter(message: BusMessage, reason: DeadLetterReason): Promise<void> {
    const topic = deadLetterTopic(message.topic);
    try {
      await this.publish(topic, [toDeadLetter(message, reason)]);
    } catch (error) {
      if (!(error instanceof RejectedError && error.code === 'payload-too-large')) throw error;
      await this.publish(topic, [toDeadLetterWithoutContent(message, reason)]);
    }
  }

  async #create(topic: string, partitions: number, more: readonly TopicConfig[] = []): Promise<void> {
    const configs = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }, ...more];
    const { replicas = -1 } = this.#options;
    try {
      await this.#admin.createTopics({ topics: [topic], partitions, replicas, configs });
    } catch (error) {
      // Who may not make topics finds those that an administrator has made.
      if (isForbidden(error) && (await this.#isThere(topic))) return;
      if (!hasApiId(error, 'TOPIC_ALREADY_EXISTS')) throw await explainConnection(this.#options, asBusError(error));
    }
    // Made is not yet known everywhere: waits until a leader answers for each partition.
    await this.#offsets(topic, ListOffsetTimestamps.LATEST);
  }

  async #isThere(topic: string): Promise<boolean> {
    const offsets = await this.#offsets(topic, ListOffsetTimestamps.LATEST).catch(() => []);
    return offsets.length > 0;
  }

  async #partitionCount(topic: string): Promise<number> {
    const { topics } = await this.#ask(() => this.#admin.metadata({ topics: [topic] }));
    return topics.get(topic)?.partitionsCount ?? 1;
  }

  /** Offsets by partition. */
  async #offsets(topic: string, timestamp: bigint): Promise<bigint[]> {
    const partitions = await this.#partitionCount(topic);
    const request = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp }));
    const listed = await this.#ask(() => this.#admin.listOffsets({ topics: [{ name: topic, partitions: request }] }));
    const offsets: bigint[] = new Array(partitions).fill(0n);
    for (const { partitionIndex, offset } of listed[0]?.partitions ?? []) offsets[partitionIndex] = offset;
    return offsets;
  }

  async #ask<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw asBusError(error);
    }
  }
}
