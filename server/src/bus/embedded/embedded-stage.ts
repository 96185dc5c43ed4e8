import type { Consumer, StageOptions } from '@sdp/shared/messaging';
import type { Pool } from '../../database/index.ts';
import type { HeldPartition } from '../held-partition.ts';
import { defaultStageBytes, StageLoop } from '../stage/stage-loop.ts';
import { type Appended, isMissingSegment } from './append.ts';
import { busError } from './control-connection.ts';
import { GroupMember, type GroupMemberOptions } from './group-member.ts';
import { LeasedStagePartition } from './leased-stage-partition.ts';
import type { Lease, Membership } from './leases.ts';
import { LogReader, type LogReaderOptions } from './log-reader.ts';
import { ensureSegments } from './segments.ts';
import { storeBatch } from './store-batch.ts';
import type { Topics } from './topics.ts';

export interface EmbeddedStageOptions
  extends Pick<GroupMemberOptions, 'control' | 'logger' | 'leaseMs' | 'onMembershipChange'>,
    Pick<LogReaderOptions, 'pollMs'> {
  readonly pool: Pool;
  readonly topics: Topics;
  readonly onAppended: (appended: readonly Appended[]) => void;
  readonly onClosed: () => void;
}

const defaultCloseMs = 30_000;

/** A member of a group that works on all partitions it has in one loop. */
export class EmbeddedStage implements Consumer {
  readonly member: GroupMember;
  readonly reader: LogReader;
  readonly #options: EmbeddedStageOptions;
  readonly #loop: StageLoop<LeasedStagePartition>;
  #closed: Promise<void> | undefined;

  constructor(stage: StageOptions, options: EmbeddedStageOptions) {
    this.#options = options;
    const { topic, group, from, maxBufferedBytes = defaultStageBytes } = stage;
    const { pool, control, logger, pollMs, leaseMs, onMembershipChange } = options;
    this.#loop = new StageLoop({ stage, logger, store: (result, steps) => this.#store(result, steps) });
    const onNews = () => this.#loop.wake();
    this.reader = new LogReader({ pool, logger, topic, pollMs, maxBytes: maxBufferedBytes, onNews });
    this.member = new GroupMember({
      ...{ control, logger, topic, group, from, leaseMs, onMembershipChange },
      begin: (lease, membership) => this.#begin(lease, membership),
    });
  }

  close(deadlineMs: number = defaultCloseMs): Promise<void> {
    this.#closed ??= this.#close(deadlineMs).finally(() => this.#options.onClosed());
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    await this.member.close(deadlineMs);
    await Promise.all([this.#loop.close(0), this.reader.close()]);
  }

  #begin(lease: Lease, membership: Membership): HeldPartition {
    const partition = new LeasedStagePartition(membership, lease, { pool: this.#options.pool, reader: this.reader });
    const held: HeldPartition = this.#loop.begin(partition, () => this.member.onLost(lease.partition, held));
    return held;
  }

  async #store(
    ...[result, steps]: Parameters<ConstructorParameters<typeof StageLoop<LeasedStagePartition>>[0]['store']>
  ) {
    const { pool, topics, onAppended } = this.#options;
    const { membership } = this.member;
    const store = () => storeBatch({ pool, topics, membership }, result, steps);
    try {
      onAppended(
        await store().catch(async (error: unknown) => {
          if (!isMissingSegment(error)) throw error;
          await ensureSegments(pool);
          return store();
        }),
      );
    } catch (error) {
      throw busError(error);
    }
  }
}
