import { setTimeout as sleep } from 'node:timers/promises';
import { ListOffsetTimestamps } from '@platformatic/kafka';
import type { BusMessage, ConsumeOptions, Consumer, DeadLetterReason } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import { PartitionWorker } from '../partition-worker.ts';
import { defaultRetry, pause, retryDelayMs } from '../retry.ts';
import { within } from '../within.ts';
import { FetchLoop } from './fetch-loop.ts';
import { type Generation, GroupClient } from './group-client.ts';
import { asBusError } from './kafka-errors.ts';
import type { KafkaBusOptions } from './kafka-options.ts';
import { KafkaPartition } from './kafka-partition.ts';

export interface KafkaConsumerOptions {
  readonly bus: KafkaBusOptions;
  readonly logger: BusLogger;
  readonly publishDeadLetter: (message: BusMessage, reason: DeadLetterReason) => Promise<void>;
  readonly onClosed: (consumer: KafkaConsumer) => void;
}

interface Owned {
  readonly partition: KafkaPartition;
  readonly worker: PartitionWorker;
}

const defaultBufferedBytes = 16 * 1024 * 1024;
const defaultCloseMs = 30_000;
const defaultSessionMs = 10_000;
const abortGraceMs = 2_000;
const reconnect = { maxAttempts: 0, initialDelayMs: 200, maxDelayMs: 10_000 };

/** A member of a Kafka consumer group with one worker per assigned partition. */
export class KafkaConsumer implements Consumer {
  readonly #consume: ConsumeOptions;
  readonly #options: KafkaConsumerOptions;
  readonly #owned = new Map<number, Owned>();
  readonly #closing = new AbortController();
  #client: GroupClient | undefined;
  #fetchLoop: FetchLoop | undefined;
  #generation: Generation = { id: -1, memberId: '' };
  /** Assignments are worked off one after the other. */
  #assigning: Promise<void> = Promise.resolve();
  #watchdog: NodeJS.Timeout | undefined;
  #reviving: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(consume: ConsumeOptions, options: KafkaConsumerOptions) {
    this.#consume = consume;
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

  close(deadlineMs: number = defaultCloseMs): Promise<void> {
    this.#closed ??= this.#close(deadlineMs).finally(() => this.#options.onClosed(this));
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#watchdog);
    await this.#reviving;
    const workers = [...this.#owned.values()].map(({ worker }) => worker);
    for (const worker of workers) worker.stop();
    const done = Promise.all(workers.map((worker) => worker.done)).then(() => true);
    if (!(await within(done, deadlineMs))) {
      for (const worker of workers) worker.abort();
      await within(done, abortGraceMs);
    }
    await this.#disconnect();
  }

  async #connect(): Promise<void> {
    const client = new GroupClient({
      bus: this.#options.bus,
      group: this.#consume.group,
      topic: this.#consume.topic,
      beforeRejoin: () => this.#beforeRejoin(),
      onAssigned: (partitions) => this.#onAssigned(client, partitions),
      onBroken: () => this.#revive(client),
    });
    this.#client = client;
    await client.join();
    this.#fetchLoop = new FetchLoop({
      client,
      topic: this.#consume.topic,
      logger: this.#options.logger,
      partitions: () => [...this.#owned.values()].map(({ partition }) => partition),
      maxBufferedBytes: this.#consume.maxBufferedBytes ?? defaultBufferedBytes,
    });
    await this.#assigning;
  }

  async #disconnect(): Promise<void> {
    this.#loseAll();
    const [client, fetchLoop] = [this.#client, this.#fetchLoop];
    this.#client = undefined;
    this.#fetchLoop = undefined;
    // Closing the connections ends a fetch that waits for news.
    await Promise.all([fetchLoop?.close(), client?.close()]);
  }

  /** The library says that the membership cannot be saved: starts over with a new one. */
  #revive(client: GroupClient): void {
    if (this.#client !== client || this.#closing.signal.aborted) return;
    const { topic, group } = this.#consume;
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
    if (this.#client?.isAlive === false && this.#owned.size > 0) this.#loseAll();
  }

  #loseAll(): void {
    for (const { worker } of this.#owned.values()) worker.lose();
    this.#owned.clear();
  }

  /** Lets nobody begin a message while the group decides anew, and gives those in hand time to finish and commit. */
  async #beforeRejoin(): Promise<void> {
    const quiet = Promise.all([...this.#owned.values()].map(({ worker }) => worker.quiesce())).then(() => true);
    const { handoverMs, sessionTimeoutMs = defaultSessionMs } = this.#options.bus;
    // No heartbeat goes out meanwhile: well within the session.
    await within(quiet, handoverMs ?? sessionTimeoutMs / 2);
  }

  #onAssigned(client: GroupClient, partitions: readonly number[]): void {
    if (this.#client !== client) return;
    this.#generation = client.generation;
    for (const [partition, { worker }] of this.#owned) {
      if (partitions.includes(partition)) {
        worker.resume();
        continue;
      }
      this.#owned.delete(partition);
      worker.lose();
    }
    const { generation } = client;
    this.#assigning = this.#assigning
      .then(() => this.#begin(client, generation, partitions))
      .catch(() => {
        if (this.#client === client && generation.id === this.#generation.id) this.#revive(client);
      });
  }

  async #begin(client: GroupClient, generation: Generation, partitions: readonly number[]): Promise<void> {
    const fresh = partitions.filter((partition) => !this.#owned.has(partition));
    if (fresh.length > 0) {
      const positions = await this.#positions(client, fresh);
      // The group may have moved on while we asked.
      if (this.#client !== client || this.#generation.id !== generation.id) return;
      for (const partition of fresh) this.#own(partition, positions.get(partition) ?? 0n);
    }
    this.#fetchLoop?.nudge();
  }

  async #positions(client: GroupClient, partitions: readonly number[]): Promise<Map<number, bigint>> {
    const { topic, from = 'earliest' } = this.#consume;
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

  #own(index: number, position: bigint): void {
    const { topic, handler, retry, onDeadLetter, keysInParallel, maxBufferedBytes } = this.#consume;
    const { logger, publishDeadLetter } = this.#options;
    const partition = new KafkaPartition({
      topic,
      partition: index,
      position,
      commit: (_, nextOffset) => this.#commit(partition, nextOffset),
      publishDeadLetter,
      onDeadLetter,
      onTaken: () => this.#fetchLoop?.nudge(),
    });
    const onLost = () => {
      if (this.#owned.get(index)?.partition === partition) this.#owned.delete(index);
    };
    const worker = new PartitionWorker(partition, {
      handler,
      retry: retry ?? defaultRetry,
      logger,
      onLost,
      keysInParallel: keysInParallel ?? 1,
      maxBytesInHand: maxBufferedBytes ?? defaultBufferedBytes,
    });
    this.#owned.set(index, { partition, worker });
  }

  /** Under the membership of this moment, and only for a partition that it includes. */
  async #commit(partition: KafkaPartition, nextOffset: bigint): Promise<boolean> {
    for (;;) {
      const [client, generation] = [this.#client, this.#generation];
      if (client === undefined || this.#owned.get(partition.partition)?.partition !== partition) return false;
      if ((await client.commit(generation, partition.partition, nextOffset)) === 'done') return true;
      // Refused; while the group settles down there is nothing to do but wait for what it decides.
      if (generation === this.#generation && this.#closing.signal.aborted) return false;
      await sleep(50);
    }
  }
}
