import type { Producer, ProducerOptions } from '@platformatic/kafka';
import { partitionOf } from '../partitioner.ts';
import type { PublishCall } from '../publish-queue.ts';
import { clientOptions, type KafkaBusOptions } from './kafka-options.ts';
import { TransactionProducer } from './transaction-producer.ts';

export type ProducerClient = Producer<string, Buffer, string, string>;

/** `acks=all`: every replica that is in sync has the message. */
export const allReplicas = -1;
/** Under the broker's default limit of 1 MiB for what goes to one partition in one request. */
const requestBytes = 900 * 1024;

export function connectProducer(
  bus: KafkaBusOptions,
  purpose: string,
  more: Partial<ProducerOptions<string, Buffer, string, string>> = {},
): ProducerClient {
  const text = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, 'utf8'));
  return new TransactionProducer<string, Buffer, string, string>({
    ...clientOptions(bus, purpose),
    serializers: {
      key: text,
      value: (data: Buffer | undefined) => data,
      headerKey: text,
      headerValue: text,
    },
    ...more,
  });
}

/** The messages as records, in as many requests as the broker's limit on one asks for. */
export async function requestsOf(
  calls: readonly PublishCall[],
  partitionCounts: (topic: string) => Promise<number>,
): Promise<KafkaRecord[][]> {
  const requests: KafkaRecord[][] = [];
  let request: KafkaRecord[] = [];
  let sizes = new Map<string, number>();
  for (const { topic, messages } of calls) {
    const partitions = await partitionCounts(topic);
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
