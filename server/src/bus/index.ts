export { PostgresAppliedEvents } from './applied-events.ts';
export type { BusLogger } from './bus-logger.ts';
export { EmbeddedBus, type EmbeddedBusOptions } from './embedded/embedded-bus.ts';
export { type RetainResult, retain } from './embedded/segments.ts';
export { KafkaBus, type KafkaBusOptions } from './kafka/kafka-bus.ts';
export { PostgresKeyUsage } from './key-usage.ts';
export {
  enqueue,
  type OutboxRelay,
  type OutboxRelayOptions,
  type PublishedMessage,
  startOutboxRelay,
} from './outbox.ts';
export { partitionOf } from './partitioner.ts';
