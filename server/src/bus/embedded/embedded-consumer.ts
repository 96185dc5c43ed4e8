import { randomUUID } from 'node:crypto';
import type { ConsumeOptions, Consumer } from '@sdp/shared/messaging';
import { PartitionWorker } from '../partition-worker.ts';
import { defaultRetry, pause } from '../retry.ts';
import { within } from '../within.ts';
import { LeasedPartition, type LeasedPartitionOptions } from './leased-partition.ts';
import { acquire, type Census, joinGroup, type Lease, leave, type Membership, release, renew } from './leases.ts';

export interface EmbeddedConsumerOptions extends Omit<LeasedPartitionOptions, 'maxBytes' | 'onDeadLetter'> {
  readonly leaseMs: number;
  /** Tells the group's other members, here and elsewhere, to look again at who has what. */
  readonly onMembershipChange: (topic: string, group: string) => void;
  readonly onClosed: (consumer: EmbeddedConsumer) => void;
}

const defaultBufferedBytes = 16 * 1024 * 1024;
const defaultCloseMs = 30_000;
/** What an aborted handler may take to come back before its partition is handed back regardless; the fence guards it. */
const abortGraceMs = 2_000;

/** A member of a group: keeps its leases, takes its share of the partitions and runs a worker for each. */
export class EmbeddedConsumer implements Consumer {
  readonly topic: string;
  readonly group: string;
  readonly #consume: ConsumeOptions;
  readonly #options: EmbeddedConsumerOptions;
  readonly #member: Membership;
  readonly #workers = new Map<number, PartitionWorker>();
  /** Partitions whose worker has been told to stop because others need work too. */
  readonly #leaving = new Set<number>();
  readonly #closing = new AbortController();
  #leasedUntil = 0;
  #lookAgain = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(consume: ConsumeOptions, options: EmbeddedConsumerOptions) {
    this.topic = consume.topic;
    this.group = consume.group;
    this.#consume = consume;
    this.#options = options;
    const { topic, group } = consume;
    this.#member = { topic, group, memberId: randomUUID(), leaseMs: options.leaseMs };
  }

  /** Joins the group and starts to work. */
  async start(): Promise<void> {
    await joinGroup(this.#options.control, this.#member, this.#consume.from ?? 'earliest');
    await this.#balance();
    this.#options.onMembershipChange(this.topic, this.group);
    this.#looking = this.#keepBalance();
  }

  /** Another member came or went. */
  rebalance(): void {
    this.#lookAgain.abort();
  }

  close(deadlineMs: number = defaultCloseMs): Promise<void> {
    this.#closed ??= this.#close(deadlineMs).finally(() => this.#options.onClosed(this));
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    const workers = [...this.#workers.values()];
    for (const worker of workers) worker.stop();
    // Leases are kept up until the last handler is done.
    await this.#end(workers, deadlineMs);
    this.#closing.abort();
    this.#lookAgain.abort();
    await this.#looking;
    const { control } = this.#options;
    // If the database is away the leases run out by themselves.
    await release(control, this.#member, [...this.#workers.keys()]).catch(() => undefined);
    await leave(control, this.#member).catch(() => undefined);
    this.#workers.clear();
    this.#options.onMembershipChange(this.topic, this.group);
  }

  async #end(workers: readonly PartitionWorker[], deadlineMs: number): Promise<void> {
    const done = Promise.all(workers.map((worker) => worker.done)).then(() => true);
    if (await within(done, deadlineMs)) return;
    for (const worker of workers) worker.abort();
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
    const census = await within(renew(this.#options.control, this.#member), this.#options.leaseMs / 2);
    if (census === undefined) return this.#checkExpiry();
    this.#leasedUntil = askedAt + this.#options.leaseMs;
    for (const [partition, worker] of this.#workers) {
      if (!census.held.has(partition)) this.#drop(partition, worker);
    }
    if (this.#closed !== undefined) return;
    await this.#releaseUnworked(census);
    if (this.#workers.size - this.#leaving.size > census.share) this.#handBack(census);
    else if (this.#workers.size < census.share) await this.#takeMore(census);
  }

  /**
   * Partitions that were given up by our own clock while the database still counts them as ours: without a release they would
   * be renewed for ever and worked on by nobody. They are taken anew, under a new fence.
   */
  async #releaseUnworked({ held }: Census): Promise<void> {
    const unworked = [...held].filter((partition) => !this.#workers.has(partition));
    if (unworked.length > 0) await release(this.#options.control, this.#member, unworked);
  }

  /** Works by its own clock from before the request: the lease can only have run out later than it thinks. */
  #checkExpiry(): void {
    if (this.#workers.size === 0 || performance.now() < this.#leasedUntil) return;
    for (const [partition, worker] of this.#workers) this.#drop(partition, worker);
  }

  #drop(partition: number, worker: PartitionWorker): void {
    const { topic, group } = this;
    this.#options.logger.warn({ topic, group, partition }, 'partition lost to another consumer');
    this.#workers.delete(partition);
    worker.lose();
  }

  /** Hands back what is beyond the share, each once its message in hand is done; its lease is renewed until then. */
  #handBack({ share }: Census): void {
    const staying = [...this.#workers].filter(([partition]) => !this.#leaving.has(partition));
    for (const [partition, worker] of staying.slice(share)) {
      this.#leaving.add(partition);
      worker.stop();
      void worker.done.then(() => this.#giveUp(partition, worker));
    }
  }

  async #giveUp(partition: number, worker: PartitionWorker): Promise<void> {
    this.#leaving.delete(partition);
    if (this.#workers.get(partition) !== worker || this.#closed !== undefined) return;
    this.#workers.delete(partition);
    // If this fails the lease runs out by itself.
    await release(this.#options.control, this.#member, [partition]).catch(() => undefined);
    this.#options.onMembershipChange(this.topic, this.group);
  }

  async #takeMore({ share }: Census): Promise<void> {
    const askedAt = performance.now();
    const leases = await acquire(this.#options.control, this.#member, share - this.#workers.size);
    if (leases.length > 0) this.#leasedUntil = Math.min(this.#leasedUntil, askedAt + this.#options.leaseMs);
    for (const lease of leases) this.#work(lease);
  }

  #work(lease: Lease): void {
    const { handler, retry, onDeadLetter, maxBufferedBytes = defaultBufferedBytes, keysInParallel = 1 } = this.#consume;
    const maxBytes = () => Math.max(1, Math.floor(maxBufferedBytes / Math.max(1, this.#workers.size)));
    const partition = new LeasedPartition(this.#member, lease, { ...this.#options, onDeadLetter, maxBytes });
    const worker: PartitionWorker = new PartitionWorker(partition, {
      handler,
      retry: retry ?? defaultRetry,
      logger: this.#options.logger,
      keysInParallel,
      maxBytesInHand: maxBufferedBytes,
      onLost: () => {
        if (this.#workers.get(lease.partition) === worker) this.#workers.delete(lease.partition);
        this.rebalance();
      },
    });
    this.#workers.set(lease.partition, worker);
  }
}
