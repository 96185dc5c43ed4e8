import type { BusMessage, ConsumeOptions, Consumer, DeadLetterReason } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import { PartitionWorker } from '../partition-worker.ts';
import { defaultRetry } from '../retry.ts';
import type { FetchedPartition } from './fetched-partition.ts';
import { KafkaMember } from './kafka-member.ts';
import type { KafkaBusOptions } from './kafka-options.ts';
import { KafkaPartition } from './kafka-partition.ts';

export interface KafkaConsumerOptions {
  readonly bus: KafkaBusOptions;
  readonly logger: BusLogger;
  readonly publishDeadLetter: (message: BusMessage, reason: DeadLetterReason) => Promise<void>;
  readonly onClosed: () => void;
}

const defaultBufferedBytes = 16 * 1024 * 1024;
const defaultCloseMs = 30_000;

/** A member of a Kafka consumer group with one worker per assigned partition. */
export class KafkaConsumer implements Consumer {
  readonly #consume: ConsumeOptions;
  readonly #options: KafkaConsumerOptions;
  readonly #member: KafkaMember;
  #closed: Promise<void> | undefined;

  constructor(consume: ConsumeOptions, options: KafkaConsumerOptions) {
    this.#consume = consume;
    this.#options = options;
    const { topic, group, from, maxBufferedBytes = defaultBufferedBytes } = consume;
    const { bus, logger } = options;
    this.#member = new KafkaMember({
      ...{ bus, logger, topic, group, from, maxBufferedBytes },
      begin: (fetched) => this.#begin(fetched),
    });
  }

  start(): Promise<void> {
    return this.#member.start();
  }

  close(deadlineMs: number = defaultCloseMs): Promise<void> {
    this.#closed ??= this.#member.close(deadlineMs).finally(() => this.#options.onClosed());
    return this.#closed;
  }

  #begin(fetched: FetchedPartition): PartitionWorker {
    const { handler, retry, onDeadLetter, keysInParallel, maxBufferedBytes } = this.#consume;
    const { logger, publishDeadLetter } = this.#options;
    const commit = (nextOffset: bigint) => this.#member.commit(new Map([[fetched, nextOffset]]));
    return new PartitionWorker(new KafkaPartition({ fetched, commit, publishDeadLetter, onDeadLetter }), {
      handler,
      retry: retry ?? defaultRetry,
      logger,
      onLost: () => this.#member.onLost(fetched),
      keysInParallel: keysInParallel ?? 1,
      maxBytesInHand: maxBufferedBytes ?? defaultBufferedBytes,
    });
  }
}
