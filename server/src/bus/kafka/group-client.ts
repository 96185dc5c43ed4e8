import { type Connection, ConnectionPool, Consumer, type GroupAssignment, offsetCommitV8 } from '@platformatic/kafka';
import { assignPartitions } from './assign-partitions.ts';
import type { FetchClient } from './fetch-loop.ts';
import { asBusError, hasApiId } from './kafka-errors.ts';
import { clientOptions, isolationOf, type KafkaBusOptions } from './kafka-options.ts';

export interface GroupClientOptions {
  readonly bus: KafkaBusOptions;
  readonly group: string;
  readonly topic: string;
  /** Resolves when the group may go on without this member's word: messages in hand are done or take too long. */
  readonly beforeRejoin: () => Promise<void>;
  readonly onAssigned: (partitions: readonly number[]) => void;
  /** The membership cannot be saved: make a new client. */
  readonly onBroken: (error: Error) => void;
}

/** The membership under which a commit is made; the broker refuses it once the group has moved on. */
export interface Generation {
  readonly id: number;
  readonly memberId: string;
}

export type CommitResult =
  | 'done'
  /** The group is changing; ask again when the new assignment is known. */
  | 'rebalancing';

/**
 * One member of a consumer group. Membership, heartbeats and offsets are the library's; commits are made by hand, because
 * the library's own, when refused, joins again and then commits under the new membership even for a partition that has
 * meanwhile gone to somebody else.
 */
export class GroupClient implements FetchClient {
  readonly consumer: Consumer<Buffer, Buffer, Buffer, Buffer>;
  readonly fetchConnections: ConnectionPool;
  /** Connections for reading what is settled, which must not wait behind a fetch either. */
  readonly readConnections: ConnectionPool;
  readonly #options: GroupClientOptions;
  readonly #commitConnections: ConnectionPool;
  readonly #sessionTimeoutMs: number;

  constructor(options: GroupClientOptions) {
    this.#options = options;
    const { bus, group, topic } = options;
    this.#sessionTimeoutMs = bus.sessionTimeoutMs ?? 10_000;
    const base = clientOptions(bus, 'consumer');
    this.consumer = new Consumer({
      ...base,
      groupId: group,
      autocommit: false,
      isolationLevel: isolationOf(bus),
      partitionAssigner: assignPartitions,
      sessionTimeout: this.#sessionTimeoutMs,
      heartbeatInterval: Math.max(100, Math.floor(this.#sessionTimeoutMs / 5)),
      rebalanceTimeout: 60_000,
      heartbeatStallTimeout: 2 * this.#sessionTimeoutMs,
      // Called before each request to join, and awaited: the one place where a member can finish what it has in hand.
      protocolsMetadata: async () => {
        await options.beforeRejoin();
        return Buffer.alloc(0);
      },
    });
    this.fetchConnections = new ConnectionPool(base.clientId, base);
    this.readConnections = new ConnectionPool(base.clientId, base);
    this.#commitConnections = new ConnectionPool(base.clientId, base);
    this.consumer.topics.track(topic);
    this.consumer.on('consumer:group:join', ({ assignments }) => options.onAssigned(partitionsOf(assignments, topic)));
    this.consumer.on('consumer:heartbeat:stalled', () => options.onBroken(new Error('heartbeats have stalled')));
    // Emitted when it could not join again: it would sit there without heartbeats for ever.
    this.consumer.on('error', (error: Error) => options.onBroken(error));
  }

  async join(): Promise<void> {
    await this.consumer.joinGroup({});
  }

  get generation(): Generation {
    return { id: this.consumer.generationId, memberId: this.consumer.memberId ?? '' };
  }

  /** Whether the broker has heard from this member within the session timeout. */
  get isAlive(): boolean {
    const last = this.consumer.lastHeartbeat;
    return last === null || Date.now() - last.getTime() < this.#sessionTimeoutMs;
  }

  /**
   * @param offsets next offset of each partition
   * @throws {UnavailableError} `bus-unavailable`; {RejectedError} `topic-forbidden`
   */
  async commit(generation: Generation, offsets: ReadonlyMap<number, bigint>): Promise<CommitResult> {
    const { group, topic } = this.#options;
    try {
      const connection = await this.coordinator();
      const topics = [{ name: topic, partitions: committed(offsets) }];
      await offsetCommitV8.api.async(connection, group, generation.id, generation.memberId, null, topics);
      return 'done';
    } catch (error) {
      if (isRebalancing(error)) return 'rebalancing';
      throw asBusError(error);
    }
  }

  /** A connection to the broker that keeps the group's offsets. */
  async coordinator(): Promise<Connection> {
    const coordinator = await this.consumer.findGroupCoordinator();
    const { brokers } = await this.consumer.metadata({ topics: [this.#options.topic] });
    const broker = brokers.get(coordinator);
    if (broker === undefined) throw new Error('the group coordinator is not known');
    return this.#commitConnections.get(broker);
  }

  /** Leaves the group, so that others needn't wait for the session to time out. */
  async close(): Promise<void> {
    if (this.consumer.memberId !== null) await Promise.allSettled([this.consumer.leaveGroup(true)]);
    await Promise.allSettled([
      this.consumer.close(true),
      this.fetchConnections.close(),
      this.readConnections.close(),
      this.#commitConnections.close(),
    ]);
  }
}

/** Whether a commit was refused because the group has moved on. */
export function isRebalancing(error: unknown): boolean {
  return hasApiId(error, 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID');
}

/** Offsets as the protocol has them. */
export function committed(offsets: ReadonlyMap<number, bigint>) {
  return [...offsets].map(([partitionIndex, committedOffset]) => ({
    ...{ partitionIndex, committedOffset, committedLeaderEpoch: -1, committedMetadata: null },
  }));
}

function partitionsOf(assignments: readonly GroupAssignment[] | undefined, topic: string): readonly number[] {
  return assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [];
}
