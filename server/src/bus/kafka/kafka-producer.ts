import { Producer } from '@platformatic/kafka';
import { UnavailableError } from '@sdp/shared/errors';
import type { OutgoingMessage } from '@sdp/shared/messaging';
import { partitionOf } from '../partitioner.ts';
import { type PublishCall, PublishQueue } from '../publish-queue.ts';
import { asBusError } from './kafka-errors.ts';
import { clientOptions, type KafkaBusOptions } from './kafka-options.ts';

/** `acks=all`: every replica that is in sync has the message. */
const allReplicas = -1;
/** Under the broker's default limit of 1 MiB for what goes to one partition in one request. */
const requestBytes = 900 * 1024;

type Client = Producer<string, Buffer, string, string>;

/**
 * Idempotent producer: one request at a time, so that a retry can't overtake and sequence numbers never part from the
 * order of calls. What one call publishes travels in one request per leading broker (as far as it fits the broker's limit).
 */
export class KafkaProducer {
  readonly #options: KafkaBusOptions;
  readonly #queue: PublishQueue;
  #client: Client | undefined;
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
    this.#client ??= this.#connect();
    const client = this.#client;
    const { compression = 'none' } = this.#options;
    try {
      for (const messages of await this.#requests(calls)) {
        await client.send({ messages, acks: allReplicas, idempotent: true, compression });
      }
    } catch (error) {
      // With unknown outcome: a new producer id keeps its sequence numbers apart from those the broker may still expect.
      this.#client = undefined;
      void client.close().catch(() => undefined);
      throw asBusError(error);
    }
  }

  async #requests(calls: readonly PublishCall[]) {
    const requests: KafkaRecord[][] = [];
    let request: KafkaRecord[] = [];
    let sizes = new Map<string, number>();
    for (const { topic, messages } of calls) {
      const partitions = await this.#partitionCounts(topic);
      for (const { key, value, headers } of messages) {
        const partition = partitionOf(key, partitions);
        const place = `${topic}:${partition}`;
        const recordBytes = value.byteLength + 3 * key.length + headerBytes(headers) + 30;
        const size = (sizes.get(place) ?? 0) + recordBytes;
        if (size > requestBytes && request.length > 0) {
          requests.push(request);
          request = [];
          sizes = new Map();
        }
        sizes.set(place, request.length === 0 ? recordBytes : size);
        request.push({ topic, partition, key, value: asBuffer(value), ...(headers ? { headers } : {}) });
      }
    }
    requests.push(request);
    return requests;
  }

  #connect(): Client {
    const text = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, 'utf8'));
    const producer: Client = new Producer({
      ...clientOptions(this.#options, 'producer'),
      serializers: {
        key: text,
        value: (data: Buffer | undefined) => data,
        headerKey: text,
        headerValue: text,
      },
    });
    return producer;
  }
}

interface KafkaRecord {
  topic: string;
  partition: number;
  key: string;
  value: Buffer;
  headers?: Record<string, string>;
}

/** Rather too many: lengths take up to five bytes each, a text's unit up to three. */
function headerBytes(headers: Readonly<Record<string, string>> = {}): number {
  let bytes = 5;
  for (const name in headers) bytes += 10 + 3 * (name.length + (headers[name]?.length ?? 0));
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
