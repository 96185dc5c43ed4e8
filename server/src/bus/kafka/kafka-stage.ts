import { RejectedError, UnavailableError } from '@sdp/shared/errors';
import type {
  BusMessage,
  Consumer,
  DeadLetterReason,
  OutgoingMessage,
  StageOptions,
  StageResult,
} from '@sdp/shared/messaging';
import { deadLetterTopic } from '@sdp/shared/messaging';
import type { BusLogger } from '../bus-logger.ts';
import { toDeadLetter, toDeadLetterWithoutContent } from '../dead-letter.ts';
import type { PausablePartition } from '../held-partition.ts';
import { defaultStageBytes, StageLoop } from '../stage/stage-loop.ts';
import type { Step } from '../stage/stage-partition.ts';
import type { FetchedPartition } from './fetched-partition.ts';
import { KafkaMember } from './kafka-member.ts';
import type { KafkaBusOptions } from './kafka-options.ts';
import { KafkaStagePartition } from './kafka-stage-partition.ts';
import { StageTransactions } from './stage-transactions.ts';

export interface KafkaStageOptions {
  readonly bus: KafkaBusOptions;
  readonly logger: BusLogger;
  readonly publish: (topic: string, messages: readonly OutgoingMessage[]) => Promise<void>;
  readonly publishDeadLetter: (message: BusMessage, reason: DeadLetterReason) => Promise<void>;
  readonly partitionCounts: (topic: string) => Promise<number>;
  readonly onClosed: () => void;
}

const defaultCloseMs = 30_000;

/** A member of a Kafka consumer group that works on all partitions assigned to it in one loop. */
export class KafkaStage implements Consumer {
  readonly #stage: StageOptions;
  readonly #options: KafkaStageOptions;
  readonly #member: KafkaMember;
  readonly #loop: StageLoop<KafkaStagePartition>;
  readonly #transactions: StageTransactions | undefined;
  #closed: Promise<void> | undefined;

  constructor(stage: StageOptions, options: KafkaStageOptions) {
    this.#stage = stage;
    this.#options = options;
    const { topic, group, from, maxBufferedBytes = defaultStageBytes } = stage;
    const { bus, logger, partitionCounts } = options;
    if (bus.transactions === true) this.#transactions = new StageTransactions({ bus, group, topic, partitionCounts });
    this.#loop = new StageLoop({ stage, logger, store: (result, steps) => this.#store(result, steps) });
    this.#member = new KafkaMember({
      ...{ bus, logger, topic, group, from, maxBufferedBytes },
      begin: (fetched) => this.#begin(fetched),
    });
  }

  start(): Promise<void> {
    return this.#member.start();
  }

  close(deadlineMs: number = defaultCloseMs): Promise<void> {
    this.#closed ??= this.#close(deadlineMs).finally(() => this.#options.onClosed());
    return this.#closed;
  }

  async #close(deadlineMs: number): Promise<void> {
    await this.#member.close(deadlineMs);
    await Promise.all([this.#loop.close(0), this.#transactions?.close()]);
  }

  #begin(fetched: FetchedPartition): PausablePartition {
    fetched.onArrival = () => this.#loop.wake();
    return this.#loop.begin(new KafkaStagePartition(fetched, this.#member, this.#transactions), () =>
      this.#member.onLost(fetched),
    );
  }

  async #store(result: StageResult, steps: readonly Step<KafkaStagePartition>[]): Promise<void> {
    const write = async () => {
      if (result.write !== undefined) await (this.#stage.inTransaction ?? withoutDatabase)(result.write);
    };
    if (this.#transactions === undefined) await this.#storeInTurn(result, steps, write);
    else await this.#storeAtOnce(this.#transactions, result, steps, write);
  }

  /** Outputs first, then the effect, then the offsets: what a crash between them repeats is recognized by its event id. */
  async #storeInTurn(
    { outputs = [], deadLetters = [] }: StageResult,
    steps: readonly Step<KafkaStagePartition>[],
    write: () => Promise<void>,
  ): Promise<void> {
    const { publish, publishDeadLetter } = this.#options;
    await Promise.all([
      ...outputs.map(({ topic, messages }) => publish(topic, messages)),
      ...deadLetters.map(({ message, reason }) => publishDeadLetter(message, reason)),
    ]);
    await write();
    const offsets = new Map(steps.map(({ partition, to }) => [partition.fetched, to]));
    if (!(await this.#member.commit(offsets))) throw notOurs();
  }

  /** Outputs and offsets in one transaction; the effect before its commit, so that no crash loses it. */
  async #storeAtOnce(
    transactions: StageTransactions,
    { outputs = [], deadLetters = [] }: StageResult,
    steps: readonly Step<KafkaStagePartition>[],
    write: () => Promise<void>,
  ): Promise<void> {
    const { membership, partitions } = this.#member;
    if (membership === undefined || steps.some(({ partition }) => !this.#member.owns(partition.fetched)))
      throw notOurs();
    const offsets = new Map(steps.map(({ partition, to }) => [partition.partition, to]));
    const run = (bury: typeof toDeadLetter) => {
      const buried = deadLetters.map(({ message, reason }) => ({
        ...{ topic: deadLetterTopic(message.topic), messages: [bury(message, reason)] },
      }));
      return transactions.run(Math.min(...partitions), [...outputs, ...buried], { ...membership, offsets }, write);
    };
    try {
      await run(toDeadLetter);
    } catch (error) {
      const isTooLarge = error instanceof RejectedError && error.code === 'payload-too-large' && deadLetters.length > 0;
      if (!isTooLarge) throw error;
      await run(toDeadLetterWithoutContent);
    }
  }
}

function notOurs(): UnavailableError {
  return new UnavailableError('bus-unavailable', {
    message: 'A partition of the batch has a new owner',
    remedy: 'Nothing to do: the new owner handles the batch.',
  });
}

function withoutDatabase(): Promise<void> {
  throw new Error('a stage that writes needs inTransaction on Kafka');
}
