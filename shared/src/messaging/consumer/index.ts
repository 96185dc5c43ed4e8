export type { AppliedEvent, AppliedEvents } from './applied-events.ts';
export type { ReceivedMessage, SecureHandler } from './received-message.ts';
export {
  type ConsumerEvents,
  type ConsumerHealth,
  SecureConsumer,
  type SecureConsumerOptions,
  type Subscription,
} from './secure-consumer.ts';
