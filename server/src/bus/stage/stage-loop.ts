import type { BusMessage, StageOptions, StageResult } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import type { PausablePartition } from '../held-partition.ts';
import { codeOf } from '../message-attempts.ts';
import { pause, retryDelayMs } from '../retry.ts';
import { within } from '../within.ts';
import { OwnedStagePartition, stageRetry } from './owned-partition.ts';
import type { StagePartition, Step, StoreBatch } from './stage-partition.ts';

export interface StageLoopOptions<P extends StagePartition> {
  readonly stage: StageOptions;
  readonly logger: BusLogger;
  readonly store: StoreBatch<P>;
}

interface Batch<P extends StagePartition> {
  readonly messages: readonly BusMessage[];
  readonly steps: readonly (Step<P> & { readonly owned: OwnedStagePartition<P> })[];
  readonly aborting: AbortController;
}

const defaultBatchMessages = 500;
export const defaultStageBytes = 16 * 1024 * 1024;
const abortGraceMs = 2_000;

/** One loop over all partitions of a stage: takes what waits in them as one batch, has it handled and stored, and takes again. */
export class StageLoop<P extends StagePartition> {
  readonly #options: StageLoopOptions<P>;
  readonly #owned = new Map<number, OwnedStagePartition<P>>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #inHand: Batch<P> | undefined;
  #hasNews = false;
  #awake: (() => void) | undefined;
  #turn = 0;

  constructor(options: StageLoopOptions<P>) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** @param onLost called when the bus says that the partition is somebody else's */
  begin(partition: P, onLost: () => void): PausablePartition {
    const { stage, logger } = this.#options;
    const after = this.#owned.get(partition.partition)?.done;
    const owned: OwnedStagePartition<P> = new OwnedStagePartition(partition, {
      ...{ stage, logger, after, onLost },
      onChange: () => this.wake(),
    });
    this.#owned.set(partition.partition, owned);
    void owned.done.then(() => {
      if (this.#owned.get(partition.partition) === owned) this.#owned.delete(partition.partition);
    });
    const abort = () => {
      if (this.#inHand?.steps.some((step) => step.owned === owned)) this.#inHand.aborting.abort();
      owned.leave();
    };
    return {
      ...{ done: owned.done, stop: () => owned.leave(true), abort, lose: abort },
      ...{ quiesce: () => owned.quiesce(), resume: () => owned.resume() },
    };
  }

  /** There is something to take. */
  wake(): void {
    this.#hasNews = true;
    this.#awake?.();
  }

  /** Waits for the batch in hand up to `deadlineMs`, then aborts it. */
  async close(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const all = [...this.#owned.values()];
    const done = this.#running.then(async () => {
      for (const owned of all) owned.leave();
      await Promise.all(all.map((owned) => owned.done));
      return true;
    });
    if (await within(done, deadlineMs)) return;
    this.#inHand?.aborting.abort();
    for (const owned of all) owned.leave();
    await within(done, abortGraceMs);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#hasNews = false;
      const batch = this.#gather();
      if (batch !== undefined) {
        await this.#work(batch);
        const restMs = this.#options.stage.restMs?.() ?? 0;
        if (restMs > 0) await pause(restMs, this.#stopping.signal);
      } else if (!this.#hasNews) await this.#news();
    }
  }

  /** All that waits, beginning with another partition each time, so that none starves behind a bound. */
  #gather(): Batch<P> | undefined {
    const { maxBatchMessages = defaultBatchMessages, maxBufferedBytes = defaultStageBytes } = this.#options.stage;
    const all = [...this.#owned.values()];
    const room = { messages: maxBatchMessages, bytes: maxBufferedBytes };
    const messages: BusMessage[] = [];
    const steps: Batch<P>['steps'][number][] = [];
    this.#turn++;
    for (let n = 0; n < all.length && room.messages > 0 && room.bytes > 0; n++) {
      const owned = all[(n + this.#turn) % all.length];
      const taken = owned?.isReady ? owned.partition.take(room) : undefined;
      if (owned === undefined || taken === undefined) continue;
      for (const message of taken.messages) {
        messages.push(message);
        room.bytes -= message.value.byteLength;
      }
      room.messages -= taken.messages.length;
      owned.takeInHand();
      steps.push({ owned, partition: owned.partition, from: owned.nextOffset, to: taken.nextOffset });
    }
    return steps.length === 0 ? undefined : { messages, steps, aborting: new AbortController() };
  }

  async #work(batch: Batch<P>): Promise<void> {
    this.#inHand = batch;
    const result = await this.#handle(batch);
    const isStored = result !== undefined && (await this.#store(batch, result));
    this.#inHand = undefined;
    for (const { owned, to } of batch.steps) {
      if (isStored) owned.settle(to);
      else owned.reopen();
    }
  }

  /** Undefined when the batch was aborted, or failed while it is wanted back. */
  async #handle({ messages, steps, aborting: { signal } }: Batch<P>): Promise<StageResult | undefined> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const result = await this.#options.stage.handler({ messages, signal });
        return signal.aborted ? undefined : result;
      } catch (error) {
        if (signal.aborted) break;
        this.#warn(error, failures, 'batch will be handled again');
        // A partition that is asked back would wait without end for a batch that fails without end.
        const wanted = AbortSignal.any([signal, this.#stopping.signal, ...steps.map(({ owned }) => owned.leaving)]);
        await pause(retryDelayMs(stageRetry, failures), wanted);
        if (wanted.aborted) break;
      }
    }
    return undefined;
  }

  async #store({ steps }: Batch<P>, result: StageResult): Promise<boolean> {
    try {
      await this.#options.store(result, steps);
      return true;
    } catch (error) {
      for (const { owned } of steps) owned.failures++;
      this.#warn(error, Math.max(...steps.map(({ owned }) => owned.failures)), 'batch could not be stored');
      return false;
    }
  }

  #warn(error: unknown, attempt: number, message: string): void {
    const { topic, group } = this.#options.stage;
    this.#options.logger.warn({ topic, group, attempt, code: codeOf(error) }, message);
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#awake = resolve;
    });
    this.#awake = undefined;
  }
}
