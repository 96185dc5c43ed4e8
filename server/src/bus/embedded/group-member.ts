import { randomUUID } from 'node:crypto';
import type { BusLogger } from '../bus-logger.ts';
import type { HeldPartition } from '../held-partition.ts';
import { pause } from '../retry.ts';
import { within } from '../within.ts';
import type { ControlConnection } from './control-connection.ts';
import { acquire, type Census, joinGroup, type Lease, leave, type Membership, release, renew } from './leases.ts';

export interface GroupMemberOptions {
  readonly control: ControlConnection;
  readonly logger: BusLogger;
  readonly topic: string;
  readonly group: string;
  readonly leaseMs: number;
  /** Where a group without offsets starts. */
  readonly from: 'earliest' | 'latest' | undefined;
  /** Begins to work on a partition. */
  readonly begin: (lease: Lease, membership: Membership) => HeldPartition;
  /** Tells the group's other members, here and elsewhere, to look again at who has what. */
  readonly onMembershipChange: (topic: string, group: string) => void;
}

/** What an aborted handler may take to come back before its partition is handed back regardless; the fence guards it. */
const abortGraceMs = 2_000;

/** A member of a group: keeps its leases, takes its share of the partitions and has each worked on. */
export class GroupMember {
  readonly topic: string;
  readonly group: string;
  readonly membership: Membership;
  readonly #options: GroupMemberOptions;
  readonly #held = new Map<number, HeldPartition>();
  /** Partitions that have been told to stop because others need work too. */
  readonly #leaving = new Set<number>();
  readonly #closing = new AbortController();
  #leasedUntil = 0;
  #lookAgain = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: GroupMemberOptions) {
    this.topic = options.topic;
    this.group = options.group;
    this.#options = options;
    const { topic, group, leaseMs } = options;
    this.membership = { topic, group, memberId: randomUUID(), leaseMs };
  }

  /** How many partitions it has. */
  get size(): number {
    return this.#held.size;
  }

  /** Joins the group and starts to work. */
  async start(): Promise<void> {
    await joinGroup(this.#options.control, this.membership, this.#options.from ?? 'earliest');
    await this.#balance();
    this.#options.onMembershipChange(this.topic, this.group);
    this.#looking = this.#keepBalance();
  }

  /** Another member came or went. */
  rebalance(): void {
    this.#lookAgain.abort();
  }

  /** The partition turned out to be somebody else's. */
  onLost(partition: number, held: HeldPartition): void {
    if (this.#held.get(partition) === held) this.#held.delete(partition);
    this.rebalance();
  }

  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#close(deadlineMs);
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    const all = [...this.#held.values()];
    for (const held of all) held.stop();
    // Leases are kept up until the last handler is done.
    await this.#end(all, deadlineMs);
    this.#closing.abort();
    this.#lookAgain.abort();
    await this.#looking;
    const { control } = this.#options;
    // If the database is away the leases run out by themselves.
    await release(control, this.membership, [...this.#held.keys()]).catch(() => undefined);
    await leave(control, this.membership).catch(() => undefined);
    this.#held.clear();
    this.#options.onMembershipChange(this.topic, this.group);
  }

  async #end(all: readonly HeldPartition[], deadlineMs: number): Promise<void> {
    const done = Promise.all(all.map((held) => held.done)).then(() => true);
    if (await within(done, deadlineMs)) return;
    for (const held of all) held.abort();
    await within(done, abortGraceMs);
  }

  async #keepBalance(): Promise<void> {
    for (;;) {
      await pause(this.#options.leaseMs / 3, AbortSignal.any([this.#lookAgain.signal, this.#closing.signal]));
      if (this.#closing.signal.aborted) return;
      // A fresh one first: whoever asks while we look is not overlooked.
      this.#lookAgain = new AbortController();
      try {
        await this.#balance();
      } catch {
        this.#checkExpiry();
      }
    }
  }

  async #balance(): Promise<void> {
    const askedAt = performance.now();
    const census = await within(renew(this.#options.control, this.membership), this.#options.leaseMs / 2);
    if (census === undefined) return this.#checkExpiry();
    this.#leasedUntil = askedAt + this.#options.leaseMs;
    for (const [partition, held] of this.#held) {
      if (!census.held.has(partition)) this.#drop(partition, held);
    }
    if (this.#closed !== undefined) return;
    await this.#releaseUnworked(census);
    if (this.#held.size - this.#leaving.size > census.share) this.#handBack(census);
    else if (this.#held.size < census.share) await this.#takeMore(census);
  }

  /**
   * Partitions that were given up by our own clock while the database still counts them as ours: without a release they would
   * be renewed for ever and worked on by nobody. They are taken anew, under a new fence.
   */
  async #releaseUnworked({ held }: Census): Promise<void> {
    const unworked = [...held].filter((partition) => !this.#held.has(partition));
    if (unworked.length > 0) await release(this.#options.control, this.membership, unworked);
  }

  /** Works by its own clock from before the request: the lease can only have run out later than it thinks. */
  #checkExpiry(): void {
    if (this.#held.size === 0 || performance.now() < this.#leasedUntil) return;
    for (const [partition, held] of this.#held) this.#drop(partition, held);
  }

  #drop(partition: number, held: HeldPartition): void {
    const { topic, group } = this;
    this.#options.logger.warn({ topic, group, partition }, 'partition lost to another consumer');
    this.#held.delete(partition);
    held.lose();
  }

  /** Hands back what is beyond the share, each once what is in hand of it is done; its lease is renewed until then. */
  #handBack({ share }: Census): void {
    const staying = [...this.#held].filter(([partition]) => !this.#leaving.has(partition));
    for (const [partition, held] of staying.slice(share)) {
      this.#leaving.add(partition);
      held.stop();
      void held.done.then(() => this.#giveUp(partition, held));
    }
  }

  async #giveUp(partition: number, held: HeldPartition): Promise<void> {
    this.#leaving.delete(partition);
    if (this.#held.get(partition) !== held || this.#closed !== undefined) return;
    this.#held.delete(partition);
    // If this fails the lease runs out by itself.
    await release(this.#options.control, this.membership, [partition]).catch(() => undefined);
    this.#options.onMembershipChange(this.topic, this.group);
  }

  async #takeMore({ share }: Census): Promise<void> {
    const askedAt = performance.now();
    const leases = await acquire(this.#options.control, this.membership, share - this.#held.size);
    if (leases.length > 0) this.#leasedUntil = Math.min(this.#leasedUntil, askedAt + this.#options.leaseMs);
    for (const lease of leases) this.#held.set(lease.partition, this.#options.begin(lease, this.membership));
  }
}
