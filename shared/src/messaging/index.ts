export * from './access/index.ts';
export type {
  BusMessage,
  BusPort,
  ConsumeOptions,
  Consumer,
  DeadLetterReason,
  Delivery,
  MessageHandler,
  OutgoingMessage,
  RetryPolicy,
  SqlTransaction,
  TopicLag,
} from './bus-port.ts';
export * from './compliance/index.ts';
export {
  type AppliedEvent,
  type AppliedEvents,
  type ConsumerEvents,
  type ConsumerHealth,
  type GenuineMessage,
  type PartitionOf,
  type ReceivedMessage,
  SecureConsumer,
  type SecureConsumerOptions,
  type SecureHandler,
  type Subscription,
} from './consumer/index.ts';
export * from './contracts/index.ts';
export type { EnvelopeContext, OpenedEnvelope, SignatureAlgorithm, UnsealedMessage } from './envelope/index.ts';
export * from './keys/index.ts';
export { deadLetterHeaders, messageHeaders, readContext, writeContext } from './message-headers.ts';
export { PoisonError } from './poison-error.ts';
export * from './ports/index.ts';
export * from './producer/index.ts';
export { openDeadLetter, type Resealed, type ResealOptions, resealDeadLetter } from './reseal-dead-letter.ts';
export type {
  Circuit,
  HandlerGuardOptions,
  PublisherOptions,
  RetryBudgetOptions,
  WatchdogOptions,
} from './resilience/index.ts';
export { ByteBudget, WatchedConsumer } from './resilience/index.ts';
export { SecurityManager, type SecurityManagerOptions } from './security-manager.ts';
export * from './stage/index.ts';
export type {
  AssignedPartition,
  StageBatch,
  StageBus,
  StageOptions,
  StageOutput,
  StageResult,
  StageStatement,
} from './stage-port.ts';
export { batchTopic, deadLetterTopic } from './topics.ts';
export { nextSpan, readTrace, type TraceContext, writeTrace } from './trace-context.ts';
