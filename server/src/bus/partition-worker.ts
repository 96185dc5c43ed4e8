import type { BusMessage, DeadLetterReason, MessageHandler, RetryPolicy, SqlTransaction } from '@sdp/shared/messaging';
import type { BusLogger } from './bus-logger.ts';
import { KeyLanes, type LaneLimits, type MessageInHand } from './key-lanes.ts';
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
  /** Puts the message into the dead letters; resolves to whether `nextOffset` was stored with it. */
  bury(message: BusMessage, reason: DeadLetterReason, nextOffset: bigint): Promise<boolean>;
}

export interface PartitionWorkerOptions extends LaneLimits {
  readonly handler: MessageHandler;
  readonly retry: RetryPolicy;
  readonly logger: BusLogger;
  /** Called once, when a commit shows that the partition has a new owner. */
  readonly onLost: () => void;
}

const commitRetry: RetryPolicy = { maxAttempts: 4, initialDelayMs: 50, maxDelayMs: 2_000 };

/**
 * Handles the messages of one partition, in order for each key. Offsets are committed behind the handler's back, one commit
 * at a time and always the latest below which all is done: a crash repeats a few messages, which at-least-once delivery
 * allows.
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
  readonly #lanes: KeyLanes;
  readonly #running = new Set<Promise<void>>();
  #toCommit: bigint | undefined;
  #committing: Promise<void> | undefined;

  constructor(source: OwnedPartition, options: PartitionWorkerOptions) {
    this.#source = source;
    this.#options = options;
    this.#lanes = new KeyLanes(options);
    this.done = this.#run();
  }

  /** Takes no further message. */
  stop(): void {
    this.#stopping.abort();
    this.#openGate?.();
    this.#lanes.look();
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
    await Promise.all(this.#running);
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
      await this.#lanes.room(stopping);
      if (stopping.aborted) break;
      const message = await this.#source.take(stopping);
      await this.#gate;
      if (message === undefined || stopping.aborted) break;
      this.#lanes.begin(message, (entry) => this.#work(entry));
    }
    await this.#lanes.drained();
    await this.#committing;
  }

  /** A message that waited for its key meanwhile may find the partition at rest, or closing. */
  async #work(entry: MessageInHand): Promise<void> {
    if (this.#gate) await this.#gate;
    if (this.#stopping.signal.aborted) return;
    const running = this.#handle(entry).finally(() => this.#running.delete(running));
    this.#running.add(running);
    await running;
  }

  async #handle(entry: MessageInHand): Promise<void> {
    const { message } = entry;
    const { handler, retry, logger } = this.#options;
    const settleIn = async (transaction: SqlTransaction) => {
      // An older commit must not wait for the lock that the transaction is about to hold.
      await this.#committing;
      const { offset, isWhole } = this.#offsetWith(entry);
      return (await this.#source.settleIn(transaction, offset)) && isWhole;
    };
    const signal = this.#aborting.signal;
    const run = (attempt: () => Promise<void>) => this.#lanes.run(attempt);
    const result = await attemptMessage(message, { handler, retry, signal, settleIn, logger, run });
    if (result.outcome === 'abandoned') return this.stop();
    if (result.outcome === 'handled') this.#finish(entry, result.settled);
    else await this.#bury(entry, result.reason);
  }

  async #bury(entry: MessageInHand, reason: DeadLetterReason): Promise<void> {
    const { message } = entry;
    const { topic, partition, offset } = message;
    const fields = { topic, partition, offset: String(offset), ...reason };
    for (let failures = 1; !this.#aborting.signal.aborted; failures++) {
      try {
        await this.#committing;
        const next = this.#offsetWith(entry);
        const stored = await this.#source.bury(message, reason, next.offset);
        this.#options.logger.error(fields, 'message went to the dead letters');
        this.#finish(entry, stored && next.isWhole);
        return;
      } catch {
        this.#options.logger.warn(fields, 'dead letter could not be written yet');
        await pause(retryDelayMs(commitRetry, failures), this.#aborting.signal);
      }
    }
    this.stop();
  }

  /**
   * The offset that may be stored together with the message's effect: behind it if all before it is done, else that of the
   * first message that isn't, which moves nothing and still tells whether the partition is ours.
   */
  #offsetWith(entry: MessageInHand): { offset: bigint; isWhole: boolean } {
    const first = this.#lanes.first ?? entry;
    const isWhole = first === entry;
    return { offset: isWhole ? entry.message.offset + 1n : first.message.offset, isWhole };
  }

  #finish(entry: MessageInHand, isSettled: boolean): void {
    const nextOffset = this.#lanes.finish(entry);
    if (nextOffset === undefined || (isSettled && nextOffset === entry.message.offset + 1n)) return;
    this.#commitSoon(nextOffset);
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
