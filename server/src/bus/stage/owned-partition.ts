import type { StageOptions } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import { codeOf } from '../message-attempts.ts';
import { pause, retryDelayMs } from '../retry.ts';
import { within } from '../within.ts';
import type { StagePartition } from './stage-partition.ts';

export interface OwnedStagePartitionOptions {
  readonly stage: Pick<StageOptions, 'onAssigned' | 'onRevoked' | 'onHandOver' | 'onSettled' | 'group'>;
  readonly logger: BusLogger;
  /** The one that had the same partition before, if its state is still being given up. */
  readonly after: Promise<void> | undefined;
  /** It is ready, or has left. */
  readonly onChange: () => void;
  /** The bus says that it belongs to somebody else. */
  readonly onLost: () => void;
}

/** What storing state may take before a partition goes to somebody else. */
const handOverMs = 2_000;

export const stageRetry = { maxAttempts: 0, initialDelayMs: 50, maxDelayMs: 15_000 };

/** A partition in a stage's hands: has its state built before its messages are taken, and given up when it leaves. */
export class OwnedStagePartition<P extends StagePartition> {
  readonly partition: P;
  /** Resolves when its state is given up and nothing of it is in hand. */
  readonly done: Promise<void>;
  /** Where the group stands. */
  nextOffset = 0n;
  /** Batches in a row that could not be stored. */
  failures = 0;
  readonly #options: OwnedStagePartitionOptions;
  readonly #leaving = new AbortController();
  #settleDone: () => void = () => undefined;
  #state: 'opening' | 'ready' | 'in-hand' | 'left' = 'opening';
  #hasState = false;
  #isPaused = false;
  #isPlanned = false;
  #quiet: (() => void)[] = [];

  constructor(partition: P, options: OwnedStagePartitionOptions) {
    this.partition = partition;
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#settleDone = resolve;
    });
    void this.#open();
  }

  get isReady(): boolean {
    return this.#state === 'ready' && !this.#isPaused && !this.#leaving.signal.aborted;
  }

  /** Gives no message until {@link resume}; resolves when none of it is in hand, and its state could be handed over. */
  async quiesce(): Promise<void> {
    this.#isPaused = true;
    if (this.#state === 'in-hand') await new Promise<void>((resolve) => this.#quiet.push(resolve));
    if (this.#state === 'ready') await this.#handOver();
  }

  resume(): void {
    this.#isPaused = false;
    this.#options.onChange();
  }

  /** Aborts when the partition is to be left. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  /** Gives no further message; leaves once nothing of it is in hand, and where that is planned its state could be handed over. */
  leave(isPlanned = false): void {
    if (this.#leaving.signal.aborted) return;
    this.#isPlanned = isPlanned;
    this.#leaving.abort();
    if (this.#state === 'ready') this.#depart();
  }

  /** A batch with messages of it begins. */
  takeInHand(): void {
    this.#state = 'in-hand';
  }

  /** The batch is stored. */
  settle(nextOffset: bigint): void {
    this.nextOffset = nextOffset;
    this.failures = 0;
    this.#state = 'ready';
    this.#options.stage.onSettled?.(this.partition.partition, nextOffset);
    this.#outOfHand();
    if (this.#leaving.signal.aborted) this.#depart();
  }

  /** The batch is not stored, or nobody knows: what was built from it is no longer right. */
  reopen(): void {
    this.#revoke();
    this.#state = 'opening';
    this.#outOfHand();
    void this.#open();
  }

  #depart(): void {
    if (this.#isPlanned) void this.#handOver().then(() => this.#end());
    else this.#end();
  }

  /** What can't be stored in time, or at all, whoever comes next builds anew. */
  async #handOver(): Promise<void> {
    const { onHandOver } = this.#options.stage;
    if (onHandOver === undefined || !this.#hasState) return;
    const done = onHandOver(this.partition.partition).catch((error: unknown) =>
      this.#warn(error, 1, 'state of a partition could not be stored, whoever comes next builds it anew'),
    );
    await within(done, handOverMs);
  }

  #outOfHand(): void {
    for (const resolve of this.#quiet.splice(0)) resolve();
  }

  async #open(): Promise<void> {
    const { after, stage, onLost, onChange } = this.#options;
    await after;
    const leaving = this.#leaving.signal;
    if (this.failures > 0) await pause(retryDelayMs(stageRetry, this.failures), leaving);
    for (let failures = 1; !leaving.aborted; failures++) {
      try {
        const nextOffset = await this.partition.open();
        if (leaving.aborted) break;
        if (nextOffset === undefined) {
          this.leave();
          onLost();
          break;
        }
        const { topic, partition } = this.partition;
        this.#hasState = true;
        const read = (from: bigint) => this.partition.read(from, nextOffset);
        await stage.onAssigned?.({ topic, partition, nextOffset, read });
        this.nextOffset = nextOffset;
        this.#state = 'ready';
        if (leaving.aborted) break;
        onChange();
        return;
      } catch (error) {
        this.#revoke();
        this.#warn(error, failures);
        await pause(retryDelayMs(stageRetry, failures), leaving);
      }
    }
    this.#end();
  }

  #end(): void {
    if (this.#state === 'left') return;
    this.#revoke();
    this.#state = 'left';
    this.#settleDone();
    this.#options.onChange();
  }

  #revoke(): void {
    if (!this.#hasState) return;
    this.#hasState = false;
    try {
      this.#options.stage.onRevoked?.(this.partition.partition);
    } catch (error) {
      this.#warn(error, 1);
    }
  }

  #warn(
    error: unknown,
    attempt: number,
    message = 'state of a partition could not be built, it will be tried again',
  ): void {
    const { topic, partition } = this.partition;
    const { group } = this.#options.stage;
    const fields = { topic, group, partition, attempt, code: codeOf(error) };
    this.#options.logger.warn(fields, message);
  }
}
