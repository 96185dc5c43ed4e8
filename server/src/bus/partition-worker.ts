import type { BusMessage, DeadLetterReason, MessageHandler, RetryPolicy, SqlTransaction } from '@sdp/shared/messaging';
import type { BusLogger } from './bus-logger.ts';
import { attemptMessage } from './message-attempts.ts';
import { pause, retryDelayMs } from './retry.ts';

/** One partition while a consumer owns it: what a bus implements, and {@link PartitionWorker} drives. */
export interface OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The next message; undefined once `signal` aborts. Throws nothing: a bus that is away is waited for. */
  take(signal: AbortSignal): Promise<BusMessage | undefined>;
  /** Stores that everything before `nextOffset` is settled. Resolves to false when the partition has a new owner. */
  commit(nextOffset: bigint): Promise<boolean>;
  /** Stores it in the handler's transaction; resolves to false where offsets are kept elsewhere. */
  settleIn(transaction: SqlTransaction, nextOffset: bigint): Promise<boolean>;
  /** Puts the message into the dead letters; resolves to whether the offset went with it. */
  bury(message: BusMessage, reason: DeadLetterReason): Promise<boolean>;
}

export interface PartitionWorkerOptions {
  readonly handler: MessageHandler;
  readonly retry: RetryPolicy;
  readonly logger: BusLogger;
  /** Called once, when a commit shows that the partition has a new owner. */
  readonly onLost: () => void;
}

const commitRetry: RetryPolicy = { maxAttempts: 4, initialDelayMs: 50, maxDelayMs: 2_000 };

/**
 * Handles the messages of one partition, one after the other. Offsets are committed behind the handler's back, one commit
 * at a time and always the latest: a crash repeats a few messages, which at-least-once delivery allows.
 */
export class PartitionWorker {
  /** Resolves when the last message in hand is done with and its offset stored; never rejects. */
  readonly done: Promise<void>;
  readonly #source: OwnedPartition;
  readonly #options: PartitionWorkerOptions;
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #lost = false;
  #gate: Promise<void> | undefined;
  #openGate: (() => void) | undefined;
  #inHand: Promise<void> | undefined;
  #toCommit: bigint | undefined;
  #committing: Promise<void> | undefined;

  constructor(source: OwnedPartition, options: PartitionWorkerOptions) {
    this.#source = source;
    this.#options = options;
    this.done = this.#run();
  }

  /** Takes no further message. */
  stop(): void {
    this.#stopping.abort();
    this.#openGate?.();
  }

  /** Stops and aborts the message in hand; what is already done is still committed. */
  abort(): void {
    this.stop();
    this.#aborting.abort();
  }

  /** The partition belongs to somebody else: aborts, and commits nothing more. */
  lose(): void {
    this.#lost = true;
    this.abort();
  }

  /** Takes no message until {@link resume}; resolves when none is in hand and the offsets are stored. */
  async quiesce(): Promise<void> {
    this.#gate ??= new Promise((open) => {
      this.#openGate = open;
    });
    await this.#inHand;
    await this.#committing;
  }

  resume(): void {
    this.#openGate?.();
    this.#gate = undefined;
  }

  async #run(): Promise<void> {
    const stopping = this.#stopping.signal;
    while (!stopping.aborted) {
      await this.#gate;
      const message = await this.#source.take(stopping);
      await this.#gate;
      if (message === undefined || stopping.aborted) break;
      this.#inHand = this.#handle(message);
      await this.#inHand;
      this.#inHand = undefined;
    }
    await this.#committing;
  }

  async #handle(message: BusMessage): Promise<void> {
    const { handler, retry, logger } = this.#options;
    const nextOffset = message.offset + 1n;
    const settleIn = async (transaction: SqlTransaction) => {
      // An older commit must not wait for the lock that the transaction is about to hold.
      await this.#committing;
      return this.#source.settleIn(transaction, nextOffset);
    };
    const signal = this.#aborting.signal;
    const result = await attemptMessage(message, { handler, retry, signal, settleIn, logger });
    if (result.outcome === 'abandoned') return this.stop();
    if (result.outcome === 'handled') {
      if (!result.settled) this.#commitSoon(nextOffset);
      return;
    }
    await this.#bury(message, result.reason);
  }

  async #bury(message: BusMessage, reason: DeadLetterReason): Promise<void> {
    const { topic, partition, offset } = message;
    const fields = { topic, partition, offset: String(offset), ...reason };
    for (let failures = 1; !this.#aborting.signal.aborted; failures++) {
      try {
        await this.#committing;
        const settled = await this.#source.bury(message, reason);
        this.#options.logger.error(fields, 'message went to the dead letters');
        if (!settled) this.#commitSoon(message.offset + 1n);
        return;
      } catch {
        this.#options.logger.warn(fields, 'dead letter could not be written yet');
        await pause(retryDelayMs(commitRetry, failures), this.#aborting.signal);
      }
    }
    this.stop();
  }

  #commitSoon(nextOffset: bigint): void {
    this.#toCommit = nextOffset;
    this.#committing ??= this.#commitAll().finally(() => {
      this.#committing = undefined;
    });
  }

  async #commitAll(): Promise<void> {
    for (let failures = 0; this.#toCommit !== undefined && !this.#lost; ) {
      const nextOffset = this.#toCommit;
      try {
        const ours = await this.#source.commit(nextOffset);
        failures = 0;
        if (this.#toCommit === nextOffset) this.#toCommit = undefined;
        if (ours || this.#lost) continue;
        this.lose();
        this.#options.onLost();
      } catch {
        failures++;
        // A closing consumer can't wait for a bus that is away: the messages will come again.
        if (this.#stopping.signal.aborted && failures >= commitRetry.maxAttempts) return;
        await pause(retryDelayMs(commitRetry, failures));
      }
    }
  }
}
