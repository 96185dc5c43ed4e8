import type { ProcessingType } from '../contracts/index.ts';

/** Where batches of one processing type wait for their worker. */
export function batchTopic(type: ProcessingType): string {
  return `batch.${type}`;
}

/** Where a topic's messages go that could not be handled. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}
