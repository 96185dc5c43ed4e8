import { setImmediate as nextTurn } from 'node:timers/promises';
import { IntegrityError } from '@sdp/shared/errors';
import type { Finding } from '../../detectors/index.ts';
import type { Logger } from '../../observability/index.ts';
import type { SnapshotStore } from '../../transactions/index.ts';
import type { PartitionKind, PartitionWork, Taken } from './partition-work.ts';
import { putParts, readParts, snapshotFormat } from './snapshot-parts.ts';

/** What is looked at of a message here. */
export interface PlacedMessage {
  readonly partition: number;
  readonly offset: bigint;
}

export interface PartitionStatesOptions<M extends PlacedMessage> {
  readonly kind: PartitionKind<M>;
  readonly snapshots: SnapshotStore;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Between two snapshots of a partition. */
  readonly snapshotEveryMs: number;
  /** Stores findings that belong to no batch. They may have been stored before. */
  readonly tell: (findings: readonly Finding[]) => Promise<void>;
  readonly onSnapshot?: (seconds: number, bytes: number) => void;
}

interface Held<M> {
  readonly work: PartitionWork<M>;
  /** All messages before this one are in the state. */
  endOffset: bigint;
  /** All messages before this one are stored for good. */
  settledOffset: bigint;
  /** What followed from messages that are not settled: one that comes again must not be taken twice. */
  readonly taken: Map<bigint, Taken>;
  /** Found by the clock and not stored yet; to be told once the messages before `untoldOffset` are settled. */
  untold: readonly Finding[];
  untoldOffset: bigint;
  waiting: { readonly offset: bigint; readonly resolve: () => void }[];
}

/** Messages looked back over at first where there is no snapshot, and at most; four times as many each time. */
const lookBack = { first: 256n, most: 16_384n };
/** A partition that has no snapshot gets one so soon after its first message: what comes before it is the log's to tell. */
const firstSnapshotMs = 2_000;
/** Reading so many messages again takes less time than a snapshot. */
const nearMessages = 32n;

/**
 * The state of the partitions that a stage owns: kept up by its messages, stored as snapshots once their messages are settled,
 * and brought back from the newest one and the log behind it.
 */
export class PartitionStates<M extends PlacedMessage> {
  readonly #options: PartitionStatesOptions<M>;
  readonly #partitions = new Map<number, Held<M>>();
  /** Where each partition's last snapshot ended. */
  readonly #stored = new Map<number, { readonly of: Held<M>; readonly endOffset: bigint }>();
  readonly #timer: NodeJS.Timeout;
  #firstTimer: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();
  #snapshotting: Promise<void> | undefined;

  constructor(options: PartitionStatesOptions<M>) {
    this.#options = options;
    this.#timer = setInterval(() => this.#snapshotAll(), options.snapshotEveryMs).unref();
  }

  remembered() {
    const works = [...this.#partitions.values()].map(({ work }) => work);
    const sum = (of: (work: PartitionWork<M>) => number) => works.reduce((total, work) => total + of(work), 0);
    return { partitions: works.length, groups: sum(({ groups }) => groups), events: sum(({ kept }) => kept) };
  }

  /**
   * What follows from a message; the same however often it comes before it is settled.
   *
   * @throws when the partition isn't owned
   */
  take(message: M): { readonly taken: Taken; readonly isNew: boolean } {
    const held = this.#partitions.get(message.partition);
    if (held === undefined) throw new Error('the partition has no state here');
    const known = held.taken.get(message.offset);
    if (known !== undefined) return { taken: known, isNew: false };
    const taken = held.work.take(message);
    held.taken.set(message.offset, taken);
    held.endOffset = message.offset + 1n;
    return { taken, isNew: true };
  }

  drop(partition: number): void {
    const held = this.#partitions.get(partition);
    if (held !== undefined) release(held, undefined);
    this.#partitions.delete(partition);
  }

  /** All before `nextOffset` is stored for good. */
  settled(partition: number, nextOffset: bigint): void {
    const held = this.#partitions.get(partition);
    if (held === undefined) return;
    if (nextOffset > held.settledOffset) held.settledOffset = nextOffset;
    for (const offset of held.taken.keys()) {
      if (offset >= nextOffset) break;
      held.taken.delete(offset);
    }
    release(held, nextOffset);
    if (this.#stored.get(partition)?.of !== held) this.#snapshotSoon();
  }

  /** Stores what is settled, unless whoever comes next has hardly anything to read behind the last snapshot. */
  async handOver(partition: number): Promise<void> {
    const held = this.#partitions.get(partition);
    const last = this.#stored.get(partition);
    if (held === undefined || (last?.of === held && held.settledOffset - last.endOffset <= nearMessages)) return;
    await this.#snapshot(partition);
  }

  /**
   * Brings back the state as of `nextOffset`. What is found on the way was stored before, unless rules were changed in between:
   * so it is stored again, which changes nothing otherwise.
   */
  async restore(
    partition: number,
    nextOffset: bigint,
    read: (from: bigint) => AsyncIterable<readonly M[]>,
  ): Promise<void> {
    const startedAt = performance.now();
    const { kind, logger, tell } = this.#options;
    const stored = await this.#newest(partition, nextOffset);
    const work = stored?.work ?? kind.create(partition);
    const from = stored?.from ?? (await this.#lookBack(nextOffset, read));
    const findings: Finding[] = [];
    let messages = 0;
    for await (const batch of read(from)) {
      for (const message of batch) {
        const taken = work.take(message);
        if (stored !== undefined) findings.push(...taken.findings);
      }
      messages += batch.length;
    }
    if (findings.length > 0) await tell(findings);
    const held: Held<M> = {
      ...{
        work,
        endOffset: nextOffset,
        settledOffset: nextOffset,
        taken: new Map(),
        untold: [],
        untoldOffset: 0n,
        waiting: [],
      },
    };
    this.#partitions.set(partition, held);
    if (stored !== undefined) this.#stored.set(partition, { of: held, endOffset: from });
    else if (messages > 0) this.#snapshotSoon();
    const durationMs = Math.round(performance.now() - startedAt);
    logger.info(
      { stage: kind.stage, partition, messages, durationMs, isFromSnapshot: stored !== undefined },
      'state of the analysis restored',
    );
  }

  /** Partitions in which something waits for time to pass. */
  waitingForTime(): readonly number[] {
    return [...this.#partitions]
      .filter(([, { work, untold }]) => work.isWaiting || untold.length > 0)
      .map(([partition]) => partition);
  }

  /**
   * Lets time pass.
   *
   * @param clockMs all that the API took before stands before `readTo`, as far as it is in the partition
   */
  async advance(partition: number, clockMs: number, readTo: bigint): Promise<void> {
    const held = this.#partitions.get(partition);
    // Settled by whoever had it before, or has it now: this state isn't so far.
    if (held === undefined || held.settledOffset < readTo) return;
    const found = held.work.advance(clockMs);
    if (found.length > 0) [held.untold, held.untoldOffset] = [[...held.untold, ...found], held.endOffset];
    const telling = held.untold;
    if (telling.length === 0 || held.settledOffset < held.untoldOffset) return;
    await this.#options.tell(telling);
    held.untold = held.untold.slice(telling.length);
  }

  /** Takes a last snapshot, so that whoever comes next need not read the log. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#firstTimer);
    const timer = setTimeout(() => {
      this.#closing.abort();
      for (const held of this.#partitions.values()) release(held, undefined);
    }, deadlineMs);
    await this.#snapshotting;
    this.#snapshotAll();
    await this.#snapshotting;
    clearTimeout(timer);
  }

  async #newest(partition: number, nextOffset: bigint) {
    const { kind, snapshots, logger } = this.#options;
    const place = { stage: kind.stage, partition, format: snapshotFormat };
    for (const snapshot of await snapshots.list(place, nextOffset)) {
      try {
        return { work: kind.restore(partition, await readParts(snapshots, snapshot)), from: snapshot.endOffset };
      } catch (error) {
        if (!(error instanceof IntegrityError)) throw error;
        logger.warn({ stage: kind.stage, partition, code: error.code }, 'a snapshot of the analysis cannot be read');
      }
    }
    return undefined;
  }

  /** From where on messages matter to a state that begins with nothing. */
  async #lookBack(nextOffset: bigint, read: (from: bigint) => AsyncIterable<readonly M[]>): Promise<bigint> {
    const { kind } = this.#options;
    const oldestMs = Date.now() - kind.memoryMs();
    for (let back = lookBack.first; ; back *= 4n) {
      const from = nextOffset > back ? nextOffset - back : 0n;
      if (from === 0n || back >= lookBack.most) return from;
      for await (const [first] of read(from)) {
        if (first !== undefined && kind.receivedAtMs(first) < oldestMs) return from;
        break;
      }
    }
  }

  /** Of partitions that have none. */
  #snapshotSoon(): void {
    if (this.#firstTimer !== undefined || this.#closing.signal.aborted) return;
    const begin = () => {
      this.#firstTimer = undefined;
      this.#snapshotAll((partition) => this.#stored.get(partition)?.of !== this.#partitions.get(partition));
    };
    this.#firstTimer = setTimeout(begin, Math.min(firstSnapshotMs, this.#options.snapshotEveryMs)).unref();
  }

  #snapshotAll(isWanted: (partition: number) => boolean = () => true): void {
    if (this.#snapshotting !== undefined) return;
    const { logger, kind } = this.#options;
    this.#snapshotting = (async () => {
      for (const partition of [...this.#partitions.keys()].filter(isWanted)) {
        if (this.#closing.signal.aborted) return;
        await this.#snapshot(partition).catch(() => {
          logger.warn({ stage: kind.stage, partition }, 'state could not be stored, it will be tried again');
        });
        await nextTurn();
      }
    })().finally(() => {
      this.#snapshotting = undefined;
    });
  }

  async #snapshot(partition: number): Promise<void> {
    const { kind, snapshots, onSnapshot } = this.#options;
    const held = this.#partitions.get(partition);
    const last = this.#stored.get(partition);
    if (held === undefined || (last?.of === held && last.endOffset === held.endOffset)) return;
    // Whoever goes on from it would not find them again.
    if (held.untold.length > 0) return;
    const startedAt = performance.now();
    const { endOffset } = held;
    const parts = held.work.snapshot();
    const place = { stage: kind.stage, partition, format: snapshotFormat };
    const snapshotId = await putParts(snapshots, place, parts, endOffset);
    // What was handled ahead of its being stored may come to nothing, and something else in its place.
    await whenSettled(held, endOffset);
    if (this.#partitions.get(partition) !== held || held.settledOffset < endOffset) return;
    await snapshots.finish(snapshotId, place, endOffset);
    this.#stored.set(partition, { of: held, endOffset });
    const bytes = [...parts.values()].reduce((sum, { length }) => sum + length, 0);
    onSnapshot?.((performance.now() - startedAt) / 1_000, bytes);
  }
}

function whenSettled<M>(held: Held<M>, offset: bigint): Promise<void> {
  if (offset <= held.settledOffset) return Promise.resolve();
  return new Promise((resolve) => void held.waiting.push({ offset, resolve }));
}

/** @param nextOffset undefined when nobody should wait any longer */
function release<M>(held: Held<M>, nextOffset: bigint | undefined): void {
  const isOver = ({ offset }: { readonly offset: bigint }) => nextOffset === undefined || offset <= nextOffset;
  const over = held.waiting.filter(isOver);
  held.waiting = held.waiting.filter((waiting) => !isOver(waiting));
  for (const { resolve } of over) resolve();
}
