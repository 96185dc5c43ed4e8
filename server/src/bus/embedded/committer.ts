import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pool } from '../../database/index.ts';
import { within } from '../within.ts';
import { type Appended, placed, placeOf, type Slot } from './append.ts';
import { type Batch, BatchRefused, commitBatch, type Settle } from './commit-batch.ts';
import { busError } from './control-connection.ts';
import { LogEnds } from './log-ends.ts';
import { withSegments } from './segments.ts';

export interface CommitterOptions {
  readonly pool: Pool;
  /** No other process uses the bus. */
  readonly isAlone: () => boolean;
  /** Whether a stage of this process takes from the topic. */
  readonly isTaken: (topic: string) => boolean;
  /** Messages that are about to be stored, for the stages of this process. */
  readonly onHandedOver: (appended: Appended) => void;
  /** Messages from this offset on were handed over and could not be stored. */
  readonly onRetracted: (topic: string, partition: number, offset: bigint) => void;
  /** Messages that are stored, for everybody. */
  readonly onAppended: (appended: readonly Appended[]) => void;
}

/** What one batch of a stage, or one group of publishers, wants stored. */
interface Waiting extends Batch {
  /** With the offsets that were foretold, once they are. */
  slots: readonly Slot[];
  isForetold: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a batch waits at most for those that follow from it. */
const maxLingerMs = 3;
const maxBytes = 8 * 1024 * 1024;
const firstPauseMs = 1_000;
const maxPauseMs = 60_000;

/**
 * Stores what the stages of a process hand in, one statement at a time. What they send is handed to the next stages of the same
 * process at once, with the offsets that it will have; what follows from it is stored with it or after it. So a message goes
 * through many stages for the price of one commit. That the log ends where it was thought to, and that every partition stands
 * where its batch began, is checked by the statement that stores it: otherwise nothing of it is stored, and whatever was taken
 * before is void.
 *
 * It works only while no other process uses the bus: then nobody else's messages come between.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #ends: LogEnds;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #onFlushed: (() => void)[] = [];
  #storing: readonly Waiting[] = [];
  /** How many others append to a partition. */
  readonly #held = new Map<string, number>();
  #busy = 0;
  #onQuiet: (() => void) | undefined;
  #generation = 0;
  #failures = 0;
  #pausedUntil = 0;

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#ends = new LogEnds(options.pool);
  }

  /** Another one each time something that was handed over could not be stored. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether to hand in to {@link store}; else store {@link alone}. */
  get isOpen(): boolean {
    return this.#options.isAlone() && performance.now() >= this.#pausedUntil;
  }

  /** A stage is at work: what it will hand in soon goes with what waits. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
      if (this.#busy === 0) this.#onQuiet?.();
    }
  }

  /**
   * Resolves when it is stored. What is handed in earlier is stored earlier, or together.
   *
   * @throws {UnavailableError} `bus-unavailable` when it is not stored, or nobody knows
   */
  store(batch: Batch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...batch, isForetold: false, resolve, reject });
      this.#foretell();
      this.#flushing ??= this.#flushAll();
    });
  }

  /** Stores by itself what can't be handed in, once all is stored that it may follow from. */
  async alone(slots: readonly Slot[], store: () => Promise<readonly Appended[]>): Promise<readonly Appended[]> {
    await this.#earlier();
    const release = await this.hold(slots);
    try {
      return await store();
    } finally {
      release();
    }
  }

  /**
   * Call it before somebody else of this process appends, and what it returns afterwards: what was foretold for these
   * partitions is stored first, and nothing is foretold for them meanwhile.
   */
  async hold(slots: readonly Slot[]): Promise<() => void> {
    const places = new Set(slots.map(({ topic, partition }) => placeOf(topic, partition)));
    for (const place of places) this.#held.set(place, (this.#held.get(place) ?? 0) + 1);
    const isForetold = () =>
      this.#unstored.some(
        ({ isForetold: is, slots: of }) =>
          is && of.some(({ topic, partition }) => places.has(placeOf(topic, partition))),
      );
    while (isForetold()) await this.#nextFlush();
    this.#ends.forget(slots);
    return () => {
      for (const place of places) {
        const holders = (this.#held.get(place) ?? 1) - 1;
        if (holders > 0) this.#held.set(place, holders);
        else this.#held.delete(place);
      }
      this.#ends.forget(slots);
    };
  }

  /** Messages that somebody else of this process put into the log. */
  observe(appended: readonly Appended[]): void {
    this.#ends.observe(appended);
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
  }

  get #unstored(): readonly Waiting[] {
    return [...this.#storing, ...this.#waiting];
  }

  /** Resolves when what has been handed in by now is stored, or has failed. */
  async #earlier(): Promise<void> {
    const earlier = new Set(this.#unstored);
    while (this.#unstored.some((waiting) => earlier.has(waiting))) await this.#nextFlush();
  }

  #nextFlush(): Promise<void> {
    return new Promise((resolve) => this.#onFlushed.push(resolve));
  }

  /** Says where messages will stand, in the order in which they were handed in, and hands them over. */
  #foretell(): void {
    if (!this.isOpen) return;
    for (const waiting of this.#waiting) {
      if (waiting.isForetold) continue;
      const isForeseen = waiting.slots.every(
        ({ topic, partition }) =>
          !this.#isTaken(topic) || (this.#ends.has(topic, partition) && !this.#held.has(placeOf(topic, partition))),
      );
      // Those behind it come behind it in the log.
      if (!isForeseen) return;
      waiting.isForetold = true;
      waiting.slots = waiting.slots.map((slot) => (this.#isTaken(slot.topic) ? this.#handOver(slot) : slot));
    }
  }

  #handOver(slot: Slot): Slot {
    const expected = this.#ends.extend(slot.topic, slot.partition, slot.messages.length);
    this.#options.onHandedOver(placed(slot, expected, new Date()));
    return { ...slot, expected };
  }

  #isTaken(topic: string): boolean {
    return this.#options.isTaken(topic);
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#learn();
      await this.#quiet();
      this.#storing = this.#next();
      await this.#flush(this.#storing);
      for (const resolve of this.#onFlushed.splice(0)) resolve();
    }
    this.#flushing = undefined;
  }

  /** Where the log ends; between two statements, when nothing is on its way. */
  async #learn(): Promise<void> {
    if (!this.isOpen) return;
    const unknown = this.#waiting.filter(({ isForetold }) => !isForetold).flatMap(({ slots }) => slots);
    const topics = new Set(unknown.map(({ topic }) => topic).filter((topic) => this.#isTaken(topic)));
    // If it fails, they are stored wherever the log ends.
    if (topics.size > 0) await this.#ends.learn([...topics]).catch(() => undefined);
    this.#foretell();
  }

  /** Stages that have just been handed something may have it handled in a moment. */
  async #quiet(): Promise<void> {
    const until = performance.now() + maxLingerMs;
    for (;;) {
      await nextTurn();
      const restMs = until - performance.now();
      if (this.#busy === 0 || restMs <= 0) return;
      const quiet = new Promise<true>((resolve) => {
        this.#onQuiet = () => resolve(true);
      });
      await within(quiet, restMs);
      this.#onQuiet = undefined;
    }
  }

  /** As many as one statement takes, in their order. */
  #next(): Waiting[] {
    let bytes = 0;
    let effects = 0;
    let count = 0;
    for (const { slots, statement } of this.#waiting) {
      for (const { messages } of slots) for (const { value } of messages) bytes += value.byteLength;
      if (statement !== undefined) effects++;
      if (count > 0 && (bytes > maxBytes || effects > 1)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #flush(group: readonly Waiting[]): Promise<void> {
    const { pool, onAppended } = this.#options;
    const unforetold = group.filter(({ isForetold }) => !isForetold).flatMap(({ slots }) => slots);
    this.#ends.forget(unforetold);
    const batch = {
      settles: mergeSettles(group),
      slots: mergeSlots(group),
      statement: group.find(({ statement }) => statement !== undefined)?.statement,
    };
    let appended: Appended[];
    try {
      appended = await withSegments(pool, () => commitBatch(pool, batch));
    } catch (error) {
      this.#fail(group, error);
      return;
    }
    this.#failures = 0;
    this.#storing = [];
    if (unforetold.length > 0)
      this.#ends.note(appended.filter((of) => !this.#held.has(placeOf(of.topic, of.partition))));
    onAppended(appended);
    for (const { resolve } of group) resolve();
  }

  /** At once, before anybody can take or hand in anything: what was handed over is withdrawn, what was taken is void. */
  #fail(group: readonly Waiting[], error: unknown): void {
    this.#generation++;
    this.#pausedUntil = performance.now() + Math.min(maxPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures++;
    const all = [...group, ...this.#waiting];
    const sent = new Set(group);
    this.#ends.clear();
    this.#storing = [];
    this.#waiting = [];
    for (const waiting of all) {
      for (const { topic, partition, expected } of waiting.slots) {
        if (expected !== undefined) this.#options.onRetracted(topic, partition, expected);
      }
      // Publishers' messages follow from nothing that is void now, unless nobody knows whether they are in the log.
      const isSafe = waiting.settles.length === 0 && (!sent.has(waiting) || error instanceof BatchRefused);
      if (isSafe) {
        const slots = waiting.slots.map(({ topic, partition, messages }) => ({ topic, partition, messages }));
        this.#waiting.push({ ...waiting, slots, isForetold: false });
      } else waiting.reject(busError(error));
    }
  }
}

/** One for each partition, from where its first batch began to where its last one ends. */
function mergeSettles(commits: readonly Batch[]): Settle[] {
  const merged = new Map<string, Settle>();
  for (const settle of commits.flatMap(({ settles }) => settles)) {
    const place = `${placeOf(settle.topic, settle.partition)} ${settle.group}`;
    const before = merged.get(place);
    merged.set(place, before === undefined ? settle : { ...settle, from: before.from });
  }
  return [...merged.values()];
}

function mergeSlots(commits: readonly Batch[]): Slot[] {
  const merged = new Map<string, Slot>();
  for (const slot of commits.flatMap(({ slots }) => slots)) {
    const place = placeOf(slot.topic, slot.partition);
    const before = merged.get(place);
    merged.set(place, before === undefined ? slot : { ...before, messages: [...before.messages, ...slot.messages] });
  }
  return [...merged.values()];
}
