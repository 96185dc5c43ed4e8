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
export { PoisonError } from './poison-error.ts';
export { batchTopic, deadLetterTopic } from './topics.ts';
