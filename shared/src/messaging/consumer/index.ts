export type { AppliedEvent, AppliedEvents } from './applied-events.ts';
export { ConsumerEmitter, type ConsumerEvents } from './consumer-events.ts';
export { assertSameContent, type EventIdentity, identityOf } from './event-identity.ts';
export { type OpenedMessage, type OpenRules, openMessage, verifiedFields } from './open-message.ts';
export { type PartitionOf, Placement } from './placement.ts';
export { type GenuineMessage, type ReceivedMessage, type SecureHandler, toGenuineMessage } from './received-message.ts';
export { ReplayWindow } from './replay-window.ts';
export {
  type ConsumerHealth,
  SecureConsumer,
  type SecureConsumerOptions,
  type Subscription,
} from './secure-consumer.ts';
