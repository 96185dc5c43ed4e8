import { shardHash } from './shard-hash.ts';

/** What a stage keeps of a part of its keys. */
export interface Windows {
  /** What lies before counts no more. */
  evict(untilMs: number): void;
  snapshot(): Uint8Array;
}

/** How a stage's windows are made, and made again. */
export interface WindowsKind<W extends Windows> {
  readonly stage: string;
  /** Of the snapshots: what another one wrote is not read. */
  readonly format: string;
  create(): W;
  /** @throws when the bytes are no snapshot of this format */
  restore(bytes: Uint8Array): W;
}

/** So many that a snapshot of one takes no more than a few milliseconds. */
export const shardsPerPartition = 64;
/** Handled messages whose place is remembered. */
const rememberedPlaces = 20_000;

/** State of one partition, in shards by key, so that a snapshot and forgetting can go one shard at a time. */
export class WindowShards<W extends Windows> {
  readonly shards: W[];
  #endOffset: bigint;
  #settledOffset: bigint;
  #waiting: { readonly offset: bigint; readonly resolve: () => void }[] = [];
  #latestMs = 0;
  #nextToEvict = 0;
  readonly #places = new Map<string, bigint>();

  constructor(shards: W[], endOffset: bigint) {
    this.shards = shards;
    this.#endOffset = endOffset;
    this.#settledOffset = endOffset;
  }

  /** All messages before this one are in the state. */
  get endOffset(): bigint {
    return this.#endOffset;
  }

  /** All messages before this one are stored for good. */
  get settledOffset(): bigint {
    return this.#settledOffset;
  }

  /** @param nextOffset undefined when nobody should wait any longer */
  settle(nextOffset: bigint | undefined): void {
    if (nextOffset !== undefined && nextOffset > this.#settledOffset) this.#settledOffset = nextOffset;
    const isOver = ({ offset }: { readonly offset: bigint }) => nextOffset === undefined || offset <= nextOffset;
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((waiting) => !isOver(waiting));
    for (const { resolve } of over) resolve();
  }

  /** Resolves when all messages before this one are stored for good, or that isn't waited for any longer. */
  whenSettled(offset: bigint): Promise<void> {
    if (offset <= this.#settledOffset) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ offset, resolve }));
  }

  of(key: string): W {
    return this.shards[shardHash(key) % this.shards.length] as W;
  }

  /**
   * Notes that a message is in the state.
   *
   * @param name of the transaction that it brings, if it brings one
   * @param atMs by the clock of whoever took it
   */
  note(offset: bigint, atMs: number, name?: string): void {
    if (offset >= this.#endOffset) this.#endOffset = offset + 1n;
    if (atMs > this.#latestMs) this.#latestMs = atMs;
    if (name === undefined) return;
    this.#places.set(name, offset);
    if (this.#places.size <= rememberedPlaces) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      break;
    }
  }

  /** Whether the transaction is known from this very message, which is being handled once more. */
  isSamePlace(name: string, offset: bigint): boolean {
    return this.#places.get(name) === offset;
  }

  /** Forgets in one shard, the next one each time. */
  evictSome(horizonOf: (nowMs: number) => number): void {
    if (this.#latestMs === 0) return;
    this.shards[this.#nextToEvict]?.evict(horizonOf(this.#latestMs));
    this.#nextToEvict = (this.#nextToEvict + 1) % this.shards.length;
  }
}
