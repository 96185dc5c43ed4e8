import type { ConsumeOptions, Consumer } from '@sdp/shared/messaging';
import type { HeldPartition } from '../held-partition.ts';
import { PartitionWorker } from '../partition-worker.ts';
import { defaultRetry } from '../retry.ts';
import { GroupMember, type GroupMemberOptions } from './group-member.ts';
import { LeasedPartition, type LeasedPartitionOptions } from './leased-partition.ts';
import type { Lease, Membership } from './leases.ts';

export interface EmbeddedConsumerOptions
  extends Omit<LeasedPartitionOptions, 'maxBytes' | 'onDeadLetter'>,
    Pick<GroupMemberOptions, 'leaseMs' | 'onMembershipChange'> {
  readonly onClosed: () => void;
}

const defaultBufferedBytes = 16 * 1024 * 1024;
const defaultCloseMs = 30_000;

/** A member of a group that runs a worker for each partition it has. */
export class EmbeddedConsumer implements Consumer {
  readonly member: GroupMember;
  readonly #consume: ConsumeOptions;
  readonly #options: EmbeddedConsumerOptions;
  #closed: Promise<void> | undefined;

  constructor(consume: ConsumeOptions, options: EmbeddedConsumerOptions) {
    this.#consume = consume;
    this.#options = options;
    const { topic, group, from } = consume;
    const { control, logger, leaseMs, onMembershipChange } = options;
    this.member = new GroupMember({
      ...{ control, logger, topic, group, from, leaseMs, onMembershipChange },
      begin: (lease, membership) => this.#begin(lease, membership),
    });
  }

  close(deadlineMs: number = defaultCloseMs): Promise<void> {
    this.#closed ??= this.member.close(deadlineMs).finally(() => this.#options.onClosed());
    return this.#closed;
  }

  #begin(lease: Lease, membership: Membership): HeldPartition {
    const { handler, retry, onDeadLetter, maxBufferedBytes = defaultBufferedBytes, keysInParallel = 1 } = this.#consume;
    const maxBytes = () => Math.max(1, Math.floor(maxBufferedBytes / Math.max(1, this.member.size)));
    const partition = new LeasedPartition(membership, lease, { ...this.#options, onDeadLetter, maxBytes });
    const worker: PartitionWorker = new PartitionWorker(partition, {
      handler,
      retry: retry ?? defaultRetry,
      logger: this.#options.logger,
      keysInParallel,
      maxBytesInHand: maxBufferedBytes,
      onLost: () => this.member.onLost(lease.partition, worker),
    });
    return worker;
  }
}
