import type { BusMessage, DeadLetterReason } from '@sdp/shared/messaging';
import type { OwnedPartition } from '../../src/bus/partition-worker.ts';

/** A partition in memory whose owner can change. */
export class FakePartition implements OwnedPartition {
  readonly topic = 't';
  readonly partition = 0;
  readonly committed: bigint[] = [];
  readonly buried: DeadLetterReason[] = [];
  /** Offsets stored by a handler or with a dead letter. */
  readonly settledAt: bigint[] = [];
  ours = true;
  commitFails = 0;
  buryFails = 0;
  settles = false;
  #next = 0n;
  readonly #count: bigint;

  readonly #keyOf: (offset: number) => string;

  constructor(count: number, keyOf: (offset: number) => string = () => 'k') {
    this.#count = BigInt(count);
    this.#keyOf = keyOf;
  }

  async take(signal: AbortSignal): Promise<BusMessage | undefined> {
    if (this.#next >= this.#count) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
    if (signal.aborted) return undefined;
    const offset = this.#next++;
    const timestamp = new Date(0);
    return {
      topic: 't',
      partition: 0,
      offset,
      key: this.#keyOf(Number(offset)),
      value: new Uint8Array(),
      headers: {},
      timestamp,
    };
  }

  async commit(nextOffset: bigint): Promise<boolean> {
    await new Promise((done) => setImmediate(done));
    if (this.commitFails-- > 0) throw new Error('away');
    if (this.ours) this.committed.push(nextOffset);
    return this.ours;
  }

  async settleIn(_transaction: unknown, nextOffset: bigint): Promise<boolean> {
    if (this.settles) this.settledAt.push(nextOffset);
    return this.settles;
  }

  async bury(_message: BusMessage, reason: DeadLetterReason, nextOffset: bigint): Promise<boolean> {
    if (this.buryFails-- > 0) throw new Error('away');
    this.buried.push(reason);
    if (this.settles) this.settledAt.push(nextOffset);
    return this.settles;
  }
}
