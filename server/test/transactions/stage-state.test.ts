import type { StageMessage } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { SnapshotStore, StoredSnapshot } from '../../src/transactions/state/snapshot-store.ts';
import { StageState } from '../../src/transactions/state/stage-state.ts';
import type { WindowShards, WindowsKind } from '../../src/transactions/state/window-shards.ts';

/** A set of names: like windows, adding one twice is adding it once. */
class Names {
  readonly all: Set<string>;
  constructor(all: Iterable<string> = []) {
    this.all = new Set(all);
  }
  evict(): void {}
  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify([...this.all]));
  }
}

const kind: WindowsKind<Names> = {
  stage: 'test',
  format: 'names-1',
  create: () => new Names(),
  restore: (bytes) => new Names(JSON.parse(Buffer.from(bytes).toString())),
};

/** Snapshots in memory; `between` runs before each shard is stored. */
function memorySnapshots(between: () => void = () => undefined) {
  const made: (Omit<StoredSnapshot, 'endOffset'> & { endOffset?: bigint; parts: Map<number, Buffer> })[] = [];
  const store: SnapshotStore = {
    begin: async (place, shards, firstOffset) => {
      made.push({ ...place, shards, firstOffset, snapshotId: String(made.length), parts: new Map() });
      return String(made.length - 1);
    },
    putShard: async (id, _place, shard, bytes) => {
      between();
      made[Number(id)]?.parts.set(shard, Buffer.from(bytes));
    },
    finish: async (id, _place, endOffset) => {
      const snapshot = made[Number(id)];
      if (snapshot) snapshot.endOffset = endOffset;
    },
    list: async (_place, nextOffset) =>
      made
        .filter(
          (each): each is (typeof made)[number] & StoredSnapshot =>
            each.endOffset !== undefined && each.endOffset <= nextOffset,
        )
        .reverse(),
    readShard: async ({ snapshotId }, shard) => made[Number(snapshotId)]?.parts.get(shard),
  };
  return { store, made };
}

const message = (offset: number) => ({ offset: BigInt(offset), tenant: `n${offset}` }) as unknown as StageMessage;
const add = (shards: WindowShards<Names>, { offset, tenant }: StageMessage) => {
  shards.of(tenant).all.add(tenant);
  shards.note(offset, 1, tenant);
};
async function* log(from: bigint, to: bigint): AsyncGenerator<StageMessage[]> {
  for (let at = from; at < to; at++) yield [message(Number(at))];
}
const names = (state: StageState<Names>) =>
  state
    .of(0)
    .shards.flatMap(({ all }) => [...all])
    .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
const stateWith = (snapshots: SnapshotStore) =>
  new StageState({ kind, snapshots, logger: pino({ level: 'silent' }), snapshotEveryMs: 3_600_000 });

describe('a snapshot that is taken while the stage works on', () => {
  it('gives back exactly what the log holds, with the log from its beginning', async () => {
    let next = 500;
    let state: StageState<Names>;
    const { store, made } = memorySnapshots(() => {
      for (let i = 0; i < 7; i++) add(state.of(0), message(next++));
      state.settled(0, BigInt(next));
    });
    state = stateWith(store);
    await state.restore(0, 0n, (from) => log(from, 0n), add);
    for (let i = 0; i < 500; i++) add(state.of(0), message(i));
    await state.close(10_000);
    const [snapshot] = made;
    expect([snapshot?.firstOffset, snapshot?.endOffset]).toEqual([500n, BigInt(next)]);

    const later = BigInt(next + 10);
    const read: bigint[] = [];
    const again = stateWith(store);
    const readLog = (from: bigint) => {
      read.push(from);
      return log(from, later);
    };
    await again.restore(0, later, readLog, add);
    expect(read).toEqual([500n]);
    expect(names(again)).toEqual(upTo(Number(later)));
    await again.close(0);
  });

  it('counts only once all that it holds is settled', async () => {
    const { store, made } = memorySnapshots();
    const state = stateWith(store);
    await state.restore(0, 0n, (from) => log(from, 0n), add);
    for (let i = 0; i < 20; i++) add(state.of(0), message(i));
    state.settled(0, 10n);
    const closed = state.close(10_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made[0]?.endOffset).toBeUndefined();
    state.settled(0, 19n);
    state.settled(0, 20n);
    await closed;
    expect(made[0]?.endOffset).toBe(20n);
  });

  it('is not used where it holds messages that were never settled', async () => {
    const { store, made } = memorySnapshots();
    const state = stateWith(store);
    await state.restore(0, 0n, (from) => log(from, 0n), add);
    for (let i = 0; i < 20; i++) add(state.of(0), message(i));
    state.settled(0, 10n);
    await state.close(100);
    expect(made[0]?.endOffset).toBeUndefined();
    const again = stateWith(store);
    // Of the twenty ten were settled; the others will come again.
    await again.restore(0, 10n, (from) => log(from, 10n), add);
    expect(names(again)).toEqual(upTo(10));
    await again.close(0);
  });

  it('is broken off where the partition is given away', async () => {
    let state: StageState<Names>;
    const { store, made } = memorySnapshots(() => state.drop(0));
    state = stateWith(store);
    await state.restore(0, 5n, (from) => log(from, 5n), add);
    await state.close(10_000);
    expect(made[0]?.endOffset).toBeUndefined();
    expect(() => state.of(0)).toThrow();
  });
});
