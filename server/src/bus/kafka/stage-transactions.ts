import { type Consumer, txnOffsetCommitV4 } from '@platformatic/kafka';
import type { PublishCall } from '../publish-queue.ts';
import { committed, type Generation, type GroupClient } from './group-client.ts';
import { asBusError } from './kafka-errors.ts';
import type { KafkaBusOptions } from './kafka-options.ts';
import { allReplicas, connectProducer, type ProducerClient, requestsOf } from './producer-client.ts';

export interface StageTransactionsOptions {
  readonly bus: KafkaBusOptions;
  readonly group: string;
  readonly topic: string;
  readonly partitionCounts: (topic: string) => Promise<number>;
}

export interface TransactionOffsets {
  readonly client: GroupClient;
  readonly generation: Generation;
  readonly offsets: ReadonlyMap<number, bigint>;
}

/** After this long the broker ends a transaction whose producer is gone, where no other member has done so. */
const timeoutMs = 10_000;
/** The broker tells which producer it is; the library's own default claims to be one that it isn't, and is shut out. */
const unknownProducer = { producerId: -1n, producerEpoch: -1 };
/** A transaction can begin once the markers of the one before are written: asks again soon. */
const retry = { retries: 200, retryDelay: 5 };

/**
 * Transactions of a stage's member. Each goes by the name of the lowest partition that the member has, for partitions have one
 * owner at a time: whoever is given a partition ends what a former owner left open under its name, or readers would wait for
 * it until it times out.
 */
export class StageTransactions {
  readonly #options: StageTransactionsOptions;
  #current: { readonly id: string; readonly producer: ProducerClient } | undefined;
  /** Name of a transaction whose end nobody knows. */
  #unresolved: string | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(options: StageTransactionsOptions) {
    this.#options = options;
  }

  /** Before it is asked where the group stands in a partition: ends what may be open. @throws the library's error */
  async resolve(partition: number): Promise<void> {
    await this.#alone(async () => {
      if (this.#unresolved !== undefined) {
        await this.#end(this.#unresolved);
        this.#unresolved = undefined;
      }
      const id = this.#idOf(partition);
      if (this.#current?.id !== id) await this.#end(id);
    });
  }

  /**
   * Publishes and stores offsets, both or neither.
   *
   * @param lowest the lowest partition that the member has
   * @param write runs between publishing and the commit
   */
  async run(
    lowest: number,
    calls: readonly PublishCall[],
    offsets: TransactionOffsets,
    write: () => Promise<void>,
  ): Promise<void> {
    const id = this.#idOf(lowest);
    await this.#alone(async () => {
      try {
        await this.#run(id, calls, offsets, write);
      } catch (error) {
        this.#unresolved = id;
        await this.close();
        throw asBusError(error);
      }
    });
  }

  async #run(
    id: string,
    calls: readonly PublishCall[],
    { client, generation, offsets }: TransactionOffsets,
    write: () => Promise<void>,
  ): Promise<void> {
    const { bus, group, topic, partitionCounts } = this.#options;
    const { compression = 'none' } = bus;
    const producer = await this.#producer(id);
    const transaction = await producer.beginTransaction(unknownProducer);
    for (const messages of await requestsOf(calls, partitionCounts)) {
      if (messages.length > 0) await transaction.send({ messages, acks: allReplicas, compression });
    }
    await write();
    await transaction.addConsumer({ groupId: group } as Consumer);
    const connection = await client.coordinator();
    const { producerId = -1n, producerEpoch = -1 } = producer;
    const topics = [{ name: topic, partitions: committed(offsets) }];
    const { id: generationId, memberId } = generation;
    // By hand, as commits are: for all partitions at once, and under the membership that they were read under.
    const commit = txnOffsetCommitV4.api.async;
    await commit(connection, id, group, producerId, producerEpoch, generationId, memberId, null, topics);
    await transaction.commit();
  }

  /** One thing at a time: a producer that begins under a name shuts out ours of the same name. */
  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.producer.close(true).catch(() => undefined);
  }

  #idOf(partition: number): string {
    const { group, topic } = this.#options;
    return `${group}.${topic}.${partition}`;
  }

  async #producer(id: string): Promise<ProducerClient> {
    if (this.#current?.id !== id) {
      await this.close();
      this.#current = { id, producer: this.#connect(id) };
    }
    return this.#current.producer;
  }

  /** A producer that begins under a name ends what was open under it, and shuts out whoever used it. */
  async #end(id: string): Promise<void> {
    const producer = this.#connect(id);
    try {
      await (await producer.beginTransaction(unknownProducer)).cancel();
    } finally {
      await producer.close(true).catch(() => undefined);
    }
  }

  #connect(transactionalId: string): ProducerClient {
    return connectProducer(this.#options.bus, 'stage', {
      transactionalId,
      idempotent: true,
      timeout: timeoutMs,
      ...retry,
    });
  }
}
