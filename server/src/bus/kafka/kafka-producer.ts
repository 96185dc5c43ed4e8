import { UnavailableError } from '@sdp/shared/errors';
import type { OutgoingMessage } from '@sdp/shared/messaging';
import { type PublishCall, PublishQueue } from '../publish-queue.ts';
import { asBusError } from './kafka-errors.ts';
import type { KafkaBusOptions } from './kafka-options.ts';
import { allReplicas, connectProducer, type ProducerClient, requestsOf } from './producer-client.ts';

/**
 * Idempotent producer: one request at a time, so that a retry can't overtake and sequence numbers never part from the
 * order of calls. What one call publishes travels in one request per leading broker (as far as it fits the broker's limit).
 */
export class KafkaProducer {
  readonly #options: KafkaBusOptions;
  readonly #queue: PublishQueue;
  #client: ProducerClient | undefined;
  #closed = false;
  readonly #partitionCounts: (topic: string) => Promise<number>;

  constructor(options: KafkaBusOptions, partitionCounts: (topic: string) => Promise<number>) {
    this.#options = options;
    this.#partitionCounts = partitionCounts;
    this.#queue = new PublishQueue((calls) => this.#send(calls));
  }

  async publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.#closed) throw new UnavailableError('bus-unavailable', { message: 'The bus is closed' });
    return this.#queue.publish(topic, messages);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.drained();
    await this.#client?.close().catch(() => undefined);
  }

  async #send(calls: readonly PublishCall[]): Promise<void> {
    this.#client ??= connectProducer(this.#options, 'producer');
    const client = this.#client;
    const { compression = 'none' } = this.#options;
    try {
      for (const messages of await requestsOf(calls, this.#partitionCounts)) {
        await client.send({ messages, acks: allReplicas, idempotent: true, compression });
      }
    } catch (error) {
      // With unknown outcome: a new producer id keeps its sequence numbers apart from those the broker may still expect.
      this.#client = undefined;
      void client.close().catch(() => undefined);
      throw asBusError(error);
    }
  }
}
