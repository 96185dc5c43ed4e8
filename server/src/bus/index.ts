export { PostgresAppliedEvents } from './applied-events.ts';
export type { BusLogger } from './bus-logger.ts';
export { EmbeddedBus, type EmbeddedBusOptions, type PublishIn } from './embedded/embedded-bus.ts';
export { EmbeddedTopicAdmin } from './embedded/embedded-topic-admin.ts';
export { EmbeddedTopicReader } from './embedded/embedded-topic-reader.ts';
export { type RetainResult, retain } from './embedded/segments.ts';
export { PostgresKeyUsage } from './key-usage.ts';
export {
  enqueue,
  type OutboxRelay,
  type OutboxRelayOptions,
  type PublishedMessage,
  startOutboxRelay,
} from './outbox.ts';
export { partitionOf } from './partitioner.ts';
export type { NewTopic, TopicAdmin, TopicState } from './topic-admin.ts';
export type { PartitionRange, TopicReader } from './topic-reader.ts';
