import { InputError } from '@sdp/shared/errors';
import type { StreamPosition } from '../store/decision-store.ts';

const maxPartitions = 1_000;
const pattern = /^\d{1,18}(\.\d{1,18})*$/;

/** The id of an event: where a reader that has seen it goes on, partition by partition. */
export function formatPosition(position: StreamPosition): string {
  return position.join('.');
}

/**
 * @param partitions of the topic today; of those that were added since, all is read
 * @throws {InputError} `request-invalid` for what {@link formatPosition} didn't make
 */
export function parsePosition(text: string, partitions: number): bigint[] {
  const parts = text.length <= maxPartitions * 19 && pattern.test(text) ? text.split('.').map(BigInt) : [];
  if (parts.length === 0 || parts.length > maxPartitions) {
    throw new InputError('request-invalid', {
      details: { findings: [{ field: 'Last-Event-ID', message: 'must be the id of an event of this stream' }] },
    });
  }
  return Array.from({ length: Math.max(parts.length, partitions) }, (_, i) => parts[i] ?? 0n);
}
