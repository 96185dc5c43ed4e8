import { setImmediate as nextTurn } from 'node:timers/promises';
import { IntegrityError } from '@sdp/shared/errors';
import type { StageMessage } from '@sdp/shared/messaging';
import type { Logger } from '../../observability/index.ts';
import type { SnapshotPlace, SnapshotStore, StoredSnapshot } from './snapshot-store.ts';
import { shardsPerPartition, WindowShards, type Windows, type WindowsKind } from './window-shards.ts';

export interface StageStateOptions<W extends Windows> {
  readonly kind: WindowsKind<W>;
  readonly snapshots: SnapshotStore;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Between two snapshots of a partition. */
  readonly snapshotEveryMs: number;
  readonly onSnapshot?: (seconds: number, bytes: number) => void;
}

/**
 * The state of the partitions that a stage owns. A snapshot is taken shard by shard while the stage works on: its shards are of
 * different moments. That is exact all the same, since a transaction counts once however often it is added: what is restored
 * is every shard, and then the log from the first of these moments on.
 */
export class StageState<W extends Windows> {
  readonly #options: StageStateOptions<W>;
  readonly #partitions = new Map<number, WindowShards<W>>();
  /** Where each partition's last snapshot ended. */
  readonly #taken = new Map<number, { readonly of: WindowShards<W>; readonly endOffset: bigint }>();
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #snapshotting: Promise<void> | undefined;

  constructor(options: StageStateOptions<W>) {
    this.#options = options;
    this.#timer = setInterval(() => this.#snapshotAll(), options.snapshotEveryMs).unref();
  }

  /** Partitions that have state here. */
  get partitions(): number {
    return this.#partitions.size;
  }

  /** @throws when the partition isn't owned */
  of(partition: number): WindowShards<W> {
    const shards = this.#partitions.get(partition);
    if (shards === undefined) throw new Error('the partition has no state here');
    return shards;
  }

  drop(partition: number): void {
    this.#partitions.get(partition)?.settle(undefined);
    this.#partitions.delete(partition);
  }

  /** All before `nextOffset` is stored for good. */
  settled(partition: number, nextOffset: bigint): void {
    this.#partitions.get(partition)?.settle(nextOffset);
  }

  /**
   * Brings back the state as of `nextOffset`.
   *
   * @param apply puts a message into the state
   */
  async restore<T>(
    partition: number,
    nextOffset: bigint,
    read: (from: bigint) => AsyncIterable<readonly StageMessage<T>[]>,
    apply: (shards: WindowShards<W>, message: StageMessage<T>) => void,
  ): Promise<void> {
    const startedAt = performance.now();
    const { kind, logger } = this.#options;
    const { shards, from } = await this.#newest(partition, nextOffset);
    let messages = 0;
    for await (const batch of read(from)) {
      for (const message of batch) apply(shards, message);
      messages += batch.length;
    }
    this.#partitions.set(partition, shards);
    const durationMs = Math.round(performance.now() - startedAt);
    logger.info({ stage: kind.stage, partition, messages, durationMs }, 'window state restored');
  }

  /**
   * Takes a last snapshot, so that whoever comes next need not read the log. The stage may still be at work, or has just
   * stopped.
   */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    const timer = setTimeout(() => {
      this.#closing.abort();
      for (const state of this.#partitions.values()) state.settle(undefined);
    }, deadlineMs);
    await this.#snapshotting;
    this.#snapshotAll();
    await this.#snapshotting;
    clearTimeout(timer);
  }

  async #newest(partition: number, nextOffset: bigint): Promise<{ shards: WindowShards<W>; from: bigint }> {
    const { kind, snapshots, logger } = this.#options;
    const place = { stage: kind.stage, partition, format: kind.format };
    for (const snapshot of await snapshots.list(place, nextOffset)) {
      const shards = await this.#read(snapshot);
      if (shards !== undefined) return { shards: new WindowShards(shards, nextOffset), from: snapshot.firstOffset };
      logger.warn(
        { stage: kind.stage, partition, code: 'record-tampered' },
        'a snapshot of window state cannot be read',
      );
    }
    const empty = Array.from({ length: shardsPerPartition }, () => kind.create());
    return { shards: new WindowShards(empty, nextOffset), from: 0n };
  }

  /** @returns undefined when a part is missing or damaged */
  async #read(snapshot: StoredSnapshot): Promise<W[] | undefined> {
    const { kind, snapshots } = this.#options;
    const shards: W[] = [];
    for (let shard = 0; shard < snapshot.shards; shard++) {
      const bytes = await snapshots.readShard(snapshot, shard);
      if (bytes === undefined) return undefined;
      try {
        shards.push(kind.restore(bytes));
      } catch (error) {
        if (error instanceof IntegrityError) return undefined;
        throw error;
      }
      await nextTurn();
    }
    return shards;
  }

  #snapshotAll(): void {
    if (this.#snapshotting !== undefined) return;
    const { logger, kind } = this.#options;
    this.#snapshotting = (async () => {
      for (const partition of [...this.#partitions.keys()]) {
        if (this.#closing.signal.aborted) return;
        await this.#snapshot(partition).catch(() => {
          logger.warn({ stage: kind.stage, partition }, 'window state could not be stored, it will be tried again');
        });
      }
    })().finally(() => {
      this.#snapshotting = undefined;
    });
  }

  async #snapshot(partition: number): Promise<void> {
    const { kind, snapshots, onSnapshot } = this.#options;
    const state = this.#partitions.get(partition);
    const last = this.#taken.get(partition);
    // Nothing new since.
    if (state === undefined || (last?.of === state && last.endOffset === state.endOffset)) return;
    const startedAt = performance.now();
    const place: SnapshotPlace = { stage: kind.stage, partition, format: kind.format };
    const snapshotId = await snapshots.begin(place, state.shards.length, state.endOffset);
    let sizeBytes = 0;
    for (const [i, shard] of state.shards.entries()) {
      // Given away meanwhile: what is in memory is right no more.
      if (this.#partitions.get(partition) !== state || this.#closing.signal.aborted) return;
      const bytes = shard.snapshot();
      sizeBytes += bytes.length;
      await snapshots.putShard(snapshotId, place, i, bytes);
    }
    const { endOffset } = state;
    // What was handled ahead of its being stored may come to nothing, and something else in its place.
    await state.whenSettled(endOffset);
    if (this.#partitions.get(partition) !== state || state.settledOffset < endOffset) return;
    await snapshots.finish(snapshotId, place, endOffset);
    this.#taken.set(partition, { of: state, endOffset });
    onSnapshot?.((performance.now() - startedAt) / 1_000, sizeBytes);
  }
}
