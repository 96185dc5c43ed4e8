import type { BusMessage, ConsumeOptions, DeadLetterReason } from '@sdp/shared/messaging';
import type { OwnedPartition } from '../partition-worker.ts';

export interface KafkaPartitionOptions {
  readonly topic: string;
  readonly partition: number;
  readonly position: bigint;
  /** Commits under the membership that the consumer has now; resolves to false when the partition isn't ours any more. */
  readonly commit: (partition: number, nextOffset: bigint) => Promise<boolean>;
  readonly publishDeadLetter: (message: BusMessage, reason: DeadLetterReason) => Promise<void>;
  readonly onDeadLetter: ConsumeOptions['onDeadLetter'];
  /** There is room for more. */
  readonly onTaken: () => void;
}

/** A partition assigned to this member: holds what was fetched until the worker takes it. */
export class KafkaPartition implements OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Offset to fetch next. */
  position: bigint;
  readonly #options: KafkaPartitionOptions;
  #queue: BusMessage[] = [];
  #taken = 0;
  #bufferedBytes = 0;
  #arrived: (() => void) | undefined;

  constructor(options: KafkaPartitionOptions) {
    this.topic = options.topic;
    this.partition = options.partition;
    this.position = options.position;
    this.#options = options;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Takes in what a fetch from `position` brought. */
  push(messages: readonly BusMessage[], position: bigint): void {
    for (const message of messages) {
      this.#queue.push(message);
      this.#bufferedBytes += message.value.byteLength;
    }
    this.position = position;
    if (messages.length > 0) this.#arrived?.();
  }

  async take(signal: AbortSignal): Promise<BusMessage | undefined> {
    while (this.#taken >= this.#queue.length && !signal.aborted) await this.#arrival(signal);
    if (signal.aborted) return undefined;
    const message = this.#queue[this.#taken++];
    if (this.#taken >= this.#queue.length || this.#taken > 1_000) {
      this.#queue = this.#queue.slice(this.#taken);
      this.#taken = 0;
    }
    this.#bufferedBytes -= message?.value.byteLength ?? 0;
    this.#options.onTaken();
    return message;
  }

  commit(nextOffset: bigint): Promise<boolean> {
    return this.#options.commit(this.partition, nextOffset);
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
        this.#arrived = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#arrived = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
