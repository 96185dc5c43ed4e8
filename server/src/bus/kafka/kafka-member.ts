import { setTimeout as sleep } from 'node:timers/promises';
import { ListOffsetTimestamps } from '@platformatic/kafka';
import type { BusLogger } from '../bus-logger.ts';
import type { PausablePartition } from '../held-partition.ts';
import { pause, retryDelayMs } from '../retry.ts';
import { within } from '../within.ts';
import { FetchLoop } from './fetch-loop.ts';
import { FetchedPartition } from './fetched-partition.ts';
import { type Generation, GroupClient } from './group-client.ts';
import { asBusError } from './kafka-errors.ts';
import type { KafkaBusOptions } from './kafka-options.ts';

export interface KafkaMemberOptions {
  readonly bus: KafkaBusOptions;
  readonly logger: BusLogger;
  readonly topic: string;
  readonly group: string;
  /** Where a group without offsets starts. */
  readonly from: 'earliest' | 'latest' | undefined;
  readonly maxBufferedBytes: number;
  /** Begins to work on a partition. */
  readonly begin: (fetched: FetchedPartition) => PausablePartition;
}

interface Owned {
  readonly fetched: FetchedPartition;
  readonly held: PausablePartition;
}

export const defaultSessionMs = 10_000;
const abortGraceMs = 2_000;
const reconnect = { maxAttempts: 0, initialDelayMs: 200, maxDelayMs: 10_000 };

/** A member of a Kafka consumer group: fetches what is assigned to it and has each partition worked on. */
export class KafkaMember {
  readonly #options: KafkaMemberOptions;
  readonly #owned = new Map<number, Owned>();
  readonly #closing = new AbortController();
  #client: GroupClient | undefined;
  #fetchLoop: FetchLoop | undefined;
  #generation: Generation = { id: -1, memberId: '' };
  /** What the group has given to this member. */
  #assigned: readonly number[] = [];
  /** Assignments are worked off one after the other. */
  #assigning: Promise<void> = Promise.resolve();
  #watchdog: NodeJS.Timeout | undefined;
  #reviving: Promise<void> | undefined;

  constructor(options: KafkaMemberOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      await this.#disconnect();
      throw asBusError(error);
    }
    // A broker that is away can't take the partitions from us; the clock must.
    const checkMs = (this.#options.bus.sessionTimeoutMs ?? defaultSessionMs) / 4;
    this.#watchdog = setInterval(() => this.#checkSession(), checkMs).unref();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#watchdog);
    await this.#reviving;
    const all = [...this.#owned.values()].map(({ held }) => held);
    for (const held of all) held.stop();
    const done = Promise.all(all.map((held) => held.done)).then(() => true);
    if (!(await within(done, deadlineMs))) {
      for (const held of all) held.abort();
      await within(done, abortGraceMs);
    }
    await this.#disconnect();
  }

  /** The partition turned out to be somebody else's. */
  onLost(fetched: FetchedPartition): void {
    if (this.owns(fetched)) this.#owned.delete(fetched.partition);
  }

  owns(fetched: FetchedPartition): boolean {
    return this.#owned.get(fetched.partition)?.fetched === fetched;
  }

  /** Partitions that it has. */
  get partitions(): number[] {
    return [...this.#owned.keys()];
  }

  /** The membership of this moment, under which a commit can be made. */
  get membership(): { readonly client: GroupClient; readonly generation: Generation } | undefined {
    return this.#client && { client: this.#client, generation: this.#generation };
  }

  /**
   * Stores offsets under the membership of this moment, and only while it includes all these partitions.
   *
   * @returns false when one of them isn't ours any more
   * @throws {UnavailableError} `bus-unavailable`; {RejectedError} `topic-forbidden`
   */
  async commit(offsets: ReadonlyMap<FetchedPartition, bigint>): Promise<boolean> {
    const byIndex = new Map([...offsets].map(([{ partition }, offset]) => [partition, offset]));
    for (;;) {
      const { membership } = this;
      if (membership === undefined || [...offsets.keys()].some((fetched) => !this.owns(fetched))) return false;
      const { client, generation } = membership;
      if ((await client.commit(generation, byIndex)) === 'done') return true;
      // Refused; while the group settles down there is nothing to do but wait for what it decides.
      if (generation === this.#generation && this.#closing.signal.aborted) return false;
      await sleep(50);
    }
  }

  /** Where the group stands in these partitions. @throws the library's error */
  async positions(partitions: readonly number[], client = this.#client): Promise<Map<number, bigint>> {
    if (client === undefined) throw new Error('the member is not connected');
    const { topic, from = 'earliest' } = this.#options;
    const timestamp = from === 'earliest' ? ListOffsetTimestamps.EARLIEST : ListOffsetTimestamps.LATEST;
    const [committed, fallback] = await Promise.all([
      client.consumer.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] }),
      client.consumer.listOffsets({ topics: [topic], timestamp }),
    ]);
    const positions = new Map<number, bigint>();
    for (const partition of partitions) {
      const stored = committed.get(topic)?.[partition] ?? -1n;
      positions.set(partition, stored >= 0n ? stored : (fallback.get(topic)?.[partition] ?? 0n));
    }
    return positions;
  }

  async #connect(): Promise<void> {
    const { bus, group, topic, logger, maxBufferedBytes } = this.#options;
    const client = new GroupClient({
      ...{ bus, group, topic },
      beforeRejoin: () => this.#beforeRejoin(),
      onAssigned: (partitions) => this.#onAssigned(client, partitions),
      onBroken: () => this.#revive(client),
    });
    this.#client = client;
    await client.join();
    this.#fetchLoop = new FetchLoop({
      ...{ client, topic, logger, maxBufferedBytes },
      partitions: () => [...this.#owned.values()].map(({ fetched }) => fetched),
    });
    await this.#assigning;
  }

  async #disconnect(): Promise<void> {
    this.#loseAll();
    const [client, fetchLoop] = [this.#client, this.#fetchLoop];
    this.#client = undefined;
    this.#fetchLoop = undefined;
    this.#assigned = [];
    // Closing the connections ends a fetch that waits for news.
    await Promise.all([fetchLoop?.close(), client?.close()]);
  }

  /** The library says that the membership cannot be saved: starts over with a new one. */
  #revive(client: GroupClient): void {
    if (this.#client !== client || this.#closing.signal.aborted) return;
    const { topic, group } = this.#options;
    this.#options.logger.warn({ topic, group }, 'consumer lost its group, joining anew');
    this.#reviving ??= this.#startOver().finally(() => {
      this.#reviving = undefined;
    });
  }

  async #startOver(): Promise<void> {
    for (let failures = 1; !this.#closing.signal.aborted; failures++) {
      await this.#disconnect();
      try {
        await this.#connect();
        return;
      } catch {
        await pause(retryDelayMs(reconnect, failures), this.#closing.signal);
      }
    }
  }

  #checkSession(): void {
    const client = this.#client;
    if (client?.isAlive === false && this.#owned.size > 0) this.#loseAll();
    // Given up by our own clock while the group still counts them as ours: nobody else would work on them.
    else if (client?.isAlive && this.#owned.size < this.#assigned.length) this.#assign(client, this.#assigned);
  }

  #loseAll(): void {
    for (const { held } of this.#owned.values()) held.lose();
    this.#owned.clear();
  }

  /** Lets nobody begin a message while the group decides anew, and gives those in hand time to finish and commit. */
  async #beforeRejoin(): Promise<void> {
    const quiet = Promise.all([...this.#owned.values()].map(({ held }) => held.quiesce())).then(() => true);
    const { handoverMs, sessionTimeoutMs = defaultSessionMs } = this.#options.bus;
    // No heartbeat goes out meanwhile: well within the session.
    await within(quiet, handoverMs ?? sessionTimeoutMs / 2);
  }

  #onAssigned(client: GroupClient, partitions: readonly number[]): void {
    if (this.#client !== client) return;
    this.#generation = client.generation;
    this.#assigned = partitions;
    for (const [partition, { held }] of this.#owned) {
      if (partitions.includes(partition)) {
        held.resume();
        continue;
      }
      this.#owned.delete(partition);
      held.lose();
    }
    this.#assign(client, partitions);
  }

  #assign(client: GroupClient, partitions: readonly number[]): void {
    const generation = this.#generation;
    this.#assigning = this.#assigning
      .then(() => this.#begin(client, generation, partitions))
      .catch(() => {
        if (this.#client === client && generation.id === this.#generation.id) this.#revive(client);
      });
  }

  async #begin(client: GroupClient, generation: Generation, partitions: readonly number[]): Promise<void> {
    const fresh = partitions.filter((partition) => !this.#owned.has(partition));
    if (fresh.length > 0) {
      const positions = await this.positions(fresh, client);
      // The group may have moved on while we asked.
      if (this.#client !== client || this.#generation.id !== generation.id) return;
      for (const partition of fresh) {
        const onTaken = () => this.#fetchLoop?.nudge();
        const fetched = new FetchedPartition(this.#options.topic, partition, positions.get(partition) ?? 0n, onTaken);
        this.#owned.set(partition, { fetched, held: this.#options.begin(fetched) });
      }
    }
    this.#fetchLoop?.nudge();
  }
}
