import {
  type BusMessage,
  type ConsumeOptions,
  type Consumer,
  type DeadLetterReason,
  deadLetterTopic,
  type OutgoingMessage,
  type SqlTransaction,
  type StageBus,
  type StageOptions,
  type StageResult,
  type TopicLag,
} from '@sdp/shared/messaging';
import { pino } from 'pino';
import { toDeadLetter } from '../../server/src/bus/dead-letter.ts';
import { type OwnedPartition, PartitionWorker } from '../../server/src/bus/partition-worker.ts';
import { partitionOf } from '../../server/src/bus/partitioner.ts';
import { StageLoop } from '../../server/src/bus/stage/stage-loop.ts';
import type { StagePartition, Step } from '../../server/src/bus/stage/stage-partition.ts';

/** The bus port in memory, for tests without a database: one member a group, the product's own partition workers. */
export class MemoryBus implements StageBus {
  /** Throws out of `publish` while it is set. */
  publishFails: (() => Error | undefined) | undefined;
  /** Throws when what came of a stage's batch is to be stored, while it is set: nothing is stored. */
  storeFails: (() => Error | undefined) | undefined;
  /** Consumers hear of nothing while it is set: a stall. */
  isDeaf = false;
  now: () => Date = () => new Date();
  consumersStarted = 0;
  readonly #topics = new Map<string, BusMessage[][]>();
  readonly #offsets = new Map<string, bigint>();
  readonly #consumers = new Set<Consumer>();
  readonly #waiting = new Set<() => void>();
  readonly #tails = new Map<string, Set<(messages: readonly BusMessage[]) => void>>();

  async ensureTopic(topic: string, partitions: number): Promise<void> {
    const made = Array.from({ length: partitions }, (): BusMessage[] => []);
    if (!this.#topics.has(topic)) this.#topics.set(topic, made);
    if (!this.#topics.has(deadLetterTopic(topic))) this.#topics.set(deadLetterTopic(topic), [[]]);
  }

  async publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await Promise.resolve();
    const failure = this.publishFails?.();
    if (failure !== undefined) throw failure;
    for (const message of messages) this.append(topic, message);
  }

  /** What whoever has the broker can do: any message, in any partition. */
  append(topic: string, { key, value, headers = {} }: OutgoingMessage, at?: number): void {
    const log = this.messages(topic);
    const partition = at ?? partitionOf(key, log.length);
    const offset = BigInt(log[partition]?.length ?? 0);
    const message = { topic, partition, offset, key, value, headers, timestamp: this.now() };
    log[partition]?.push(message);
    for (const wake of this.#waiting) wake();
    for (const show of this.#tails.get(topic) ?? []) queueMicrotask(() => show([message]));
  }

  /** A topic's messages by partition. */
  messages(topic: string): BusMessage[][] {
    const log = this.#topics.get(topic);
    if (log === undefined) throw new Error(`no topic ${topic}`);
    return log;
  }

  letters(topic: string): BusMessage[] {
    return this.messages(deadLetterTopic(topic)).flat();
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.consumersStarted++;
    const { topic, group, handler, retry, onDeadLetter, keysInParallel = 1 } = options;
    const workers = this.messages(topic).map(
      (_, partition) =>
        new PartitionWorker(this.#partition(topic, group, partition, onDeadLetter), {
          handler,
          retry: retry ?? { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 5 },
          logger: pino({ level: 'silent' }),
          onLost: () => undefined,
          keysInParallel,
          maxBytesInHand: 1_000_000,
        }),
    );
    const consumer: Consumer = {
      close: async (deadlineMs = 5_000) => {
        for (const worker of workers) worker.stop();
        const abort = setTimeout(() => workers.map((worker) => worker.abort()), deadlineMs);
        await Promise.all(workers.map(({ done }) => done));
        clearTimeout(abort);
        this.#consumers.delete(consumer);
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  async runStage(options: StageOptions): Promise<Consumer> {
    this.consumersStarted++;
    const { topic, group } = options;
    const logger = pino({ level: 'silent' });
    const loop = new StageLoop({
      stage: options,
      logger,
      store: (result, steps) => this.#store(options, result, steps),
    });
    const wake = () => {
      if (!this.isDeaf) loop.wake();
    };
    for (const partition of this.messages(topic).keys()) {
      if (options.from === 'latest') this.#settleAtEnd(topic, group, partition);
      loop.begin(this.#stagePartition(topic, group, partition), () => undefined);
    }
    this.#waiting.add(wake);
    const consumer: Consumer = {
      close: async (deadlineMs = 5_000) => {
        this.#waiting.delete(wake);
        await loop.close(deadlineMs);
        this.#consumers.delete(consumer);
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  async tail(topic: string, onMessages: (messages: readonly BusMessage[]) => void): Promise<Consumer> {
    this.messages(topic);
    const tails = this.#tails.get(topic) ?? new Set();
    this.#tails.set(topic, tails.add(onMessages));
    return { close: async () => void tails.delete(onMessages) };
  }

  async replayFrom(topic: string, group: string, time: Date): Promise<void> {
    for (const [partition, log] of this.messages(topic).entries()) {
      const found = log.findIndex(({ timestamp }) => timestamp >= time);
      this.#offsets.set(`${topic} ${group} ${partition}`, BigInt(found < 0 ? log.length : found));
    }
  }

  async lag(topic: string, group: string): Promise<readonly TopicLag[]> {
    return this.messages(topic).map((log, partition) => {
      const settled = this.#offsets.get(`${topic} ${group} ${partition}`);
      const end = BigInt(log.length);
      return { partition, end, settled, lag: end - (settled ?? 0n) };
    });
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
  }

  #settleAtEnd(topic: string, group: string, partition: number): void {
    const place = `${topic} ${group} ${partition}`;
    if (!this.#offsets.has(place)) this.#offsets.set(place, BigInt(this.messages(topic)[partition]?.length ?? 0));
  }

  #stagePartition(topic: string, group: string, partition: number): StagePartition {
    const log = this.messages(topic)[partition] ?? [];
    let next = 0;
    return {
      topic,
      partition,
      open: async () => {
        const settled = this.#offsets.get(`${topic} ${group} ${partition}`) ?? 0n;
        next = Number(settled);
        return settled;
      },
      read: async function* (from, to) {
        if (from < to) yield log.slice(Number(from), Number(to));
      },
      take: (room) => {
        if (this.isDeaf || next >= log.length) return undefined;
        const messages: BusMessage[] = [];
        for (let bytes = 0; next < log.length && messages.length < room.messages && bytes < room.bytes; next++) {
          const message = log[next];
          if (message !== undefined) messages.push(message);
          bytes += message?.value.byteLength ?? 0;
        }
        return { messages, nextOffset: BigInt(next) };
      },
    };
  }

  async #store(stage: StageOptions, result: StageResult, steps: readonly Step<StagePartition>[]): Promise<void> {
    await Promise.resolve();
    const failure = this.storeFails?.();
    if (failure !== undefined) throw failure;
    // Before anything is appended: a topic that isn't there spoils the whole.
    for (const { topic } of result.outputs ?? []) this.messages(topic);
    if (result.write !== undefined) await (stage.inTransaction ?? withoutDatabase)(result.write);
    for (const { topic, messages } of result.outputs ?? []) {
      for (const message of messages) this.append(topic, message);
    }
    for (const { message, reason } of result.deadLetters ?? []) {
      this.append(deadLetterTopic(message.topic), toDeadLetter(message, reason));
    }
    for (const { partition, to } of steps) {
      this.#offsets.set(`${stage.topic} ${stage.group} ${partition.partition}`, to);
    }
  }

  #partition(
    topic: string,
    group: string,
    partition: number,
    onDeadLetter: ConsumeOptions['onDeadLetter'],
  ): OwnedPartition {
    const log = this.messages(topic)[partition] ?? [];
    const place = `${topic} ${group} ${partition}`;
    let next = Number(this.#offsets.get(place) ?? 0n);
    const isDeaf = this.isDeaf;
    const settle = async (nextOffset: bigint) => {
      const before = this.#offsets.get(place) ?? 0n;
      this.#offsets.set(place, nextOffset > before ? nextOffset : before);
      return true;
    };
    return {
      topic,
      partition,
      take: async (signal) => {
        while ((isDeaf || next >= log.length) && !signal.aborted) await this.#news(signal);
        return signal.aborted ? undefined : log[next++];
      },
      commit: settle,
      settleIn: (_, nextOffset) => settle(nextOffset),
      bury: async (message: BusMessage, reason: DeadLetterReason, nextOffset) => {
        this.append(deadLetterTopic(topic), toDeadLetter(message, reason));
        await onDeadLetter?.(message, reason);
        return settle(nextOffset);
      },
    };
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function withoutDatabase(_work: (transaction: SqlTransaction) => Promise<void>): Promise<void> {
  throw new Error('a stage that writes needs inTransaction');
}
