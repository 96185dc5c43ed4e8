import type { BusMessage, ConsumeOptions, DeadLetterReason } from '@sdp/shared/messaging';
import type { OwnedPartition } from '../partition-worker.ts';
import type { FetchedPartition } from './fetched-partition.ts';

export interface KafkaPartitionOptions {
  readonly fetched: FetchedPartition;
  /** Commits under the membership that the consumer has now; resolves to false when the partition isn't ours any more. */
  readonly commit: (nextOffset: bigint) => Promise<boolean>;
  readonly publishDeadLetter: (message: BusMessage, reason: DeadLetterReason) => Promise<void>;
  readonly onDeadLetter: ConsumeOptions['onDeadLetter'];
}

/** A partition assigned to this member: holds what was fetched until the worker takes it. */
export class KafkaPartition implements OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly #fetched: FetchedPartition;
  readonly #options: KafkaPartitionOptions;

  constructor(options: KafkaPartitionOptions) {
    this.topic = options.fetched.topic;
    this.partition = options.fetched.partition;
    this.#fetched = options.fetched;
    this.#options = options;
  }

  async take(signal: AbortSignal): Promise<BusMessage | undefined> {
    while (!signal.aborted) {
      const message = this.#fetched.shift();
      if (message !== undefined) return message;
      await this.#arrival(signal);
    }
    return undefined;
  }

  commit(nextOffset: bigint): Promise<boolean> {
    return this.#options.commit(nextOffset);
  }

  /** Kafka keeps the offsets itself: they are committed after the handler. */
  async settleIn(): Promise<boolean> {
    return false;
  }

  async bury(message: BusMessage, reason: DeadLetterReason): Promise<boolean> {
    await this.#options.publishDeadLetter(message, reason);
    await this.#options.onDeadLetter?.(message, reason);
    return false;
  }

  #arrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#fetched.onArrival = () => undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#fetched.onArrival = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
