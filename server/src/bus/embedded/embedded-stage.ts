import { type Consumer, deadLetterTopic, type StageOptions, type StageResult } from '@sdp/shared/messaging';
import { type Pool, withTransaction } from '../../database/index.ts';
import { toDeadLetter } from '../dead-letter.ts';
import type { HeldPartition } from '../held-partition.ts';
import { defaultStageBytes, StageLoop } from '../stage/stage-loop.ts';
import type { Step } from '../stage/stage-partition.ts';
import { type Append, type Appended, type Slot, slotsOf } from './append.ts';
import { type Batch, BatchRefused, commitBatch, type Settle } from './commit-batch.ts';
import type { Committer } from './committer.ts';
import { busError } from './control-connection.ts';
import { GroupMember, type GroupMemberOptions } from './group-member.ts';
import { LeasedStagePartition } from './leased-stage-partition.ts';
import type { Lease, Membership } from './leases.ts';
import { LogReader, type LogReaderOptions } from './log-reader.ts';
import { withSegments } from './segments.ts';
import type { Topics } from './topics.ts';

export interface EmbeddedStageOptions
  extends Pick<GroupMemberOptions, 'control' | 'logger' | 'leaseMs' | 'onMembershipChange'>,
    Pick<LogReaderOptions, 'pollMs'> {
  readonly pool: Pool;
  readonly topics: Topics;
  readonly committer: Committer;
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
  /** Batches are handed in in their order, whatever is to be looked up for one of them. */
  #lookedUp: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(stage: StageOptions, options: EmbeddedStageOptions) {
    this.#options = options;
    const { topic, group, from, maxBufferedBytes = defaultStageBytes } = stage;
    const { pool, control, logger, pollMs, leaseMs, onMembershipChange, committer } = options;
    this.#loop = new StageLoop({
      ...{ logger, stage: { ...stage, handler: (batch) => committer.during(stage.handler(batch)) } },
      store: (result, steps) => this.#store(result, steps),
    });
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
    const { pool, committer } = this.#options;
    const partition = new LeasedStagePartition(membership, lease, { pool, reader: this.reader, committer });
    const held: HeldPartition = this.#loop.begin(partition, () => this.member.onLost(lease.partition, held));
    return held;
  }

  /** @throws {UnavailableError} `bus-unavailable` when it is not stored, or nobody knows */
  async #store(result: StageResult, steps: readonly Step<LeasedStagePartition>[]): Promise<void> {
    const { committer, onAppended } = this.#options;
    const { generation } = committer;
    const assertValid = () => {
      const isValid = steps.every(({ partition }) => partition.takenIn === generation);
      if (!isValid || committer.generation !== generation) throw new BatchRefused();
    };
    assertValid();
    try {
      const slots = await committer.during(this.#slotsOf(result));
      assertValid();
      const settles = this.#settlesOf(steps);
      const { write, statement } = result;
      if (committer.isOpen && (write === undefined || statement !== undefined)) {
        await committer.store({ settles, slots, statement });
        return;
      }
      const commit = async () => {
        assertValid();
        return this.#commit({ settles, slots, statement }, statement === undefined ? write : undefined);
      };
      onAppended(await committer.alone(slots, commit));
    } catch (error) {
      throw busError(error);
    }
  }

  async #commit(batch: Batch, write: StageResult['write']): Promise<Appended[]> {
    const { pool } = this.#options;
    return withSegments(pool, () =>
      write === undefined
        ? commitBatch(pool, batch)
        : withTransaction(pool, async (client) => {
            await write(client);
            return commitBatch(client, batch);
          }),
    );
  }

  #slotsOf(result: StageResult): Promise<Slot[]> {
    const slots = this.#lookedUp.then(async () => slotsOf(await this.#appendsOf(result)));
    this.#lookedUp = slots.catch(() => undefined);
    return slots;
  }

  async #appendsOf({ outputs = [], deadLetters = [] }: StageResult): Promise<Append[]> {
    const { topics } = this.#options;
    const appends: Append[] = [];
    for (const { topic, messages } of outputs) {
      if (messages.length > 0) appends.push({ topic, partitions: await topics.partitionsOf(topic), messages });
    }
    for (const { message, reason } of deadLetters) {
      const topic = deadLetterTopic(message.topic);
      const messages = [toDeadLetter(message, reason)];
      appends.push({ topic, partitions: await topics.partitionsOf(topic), messages });
    }
    return appends;
  }

  #settlesOf(steps: readonly Step<LeasedStagePartition>[]): Settle[] {
    const { group, topic, memberId } = this.member.membership;
    return steps.map(({ partition: { partition, fence }, from, to }) => ({
      ...{ group, topic, memberId, partition, fence, from, to },
    }));
  }
}
