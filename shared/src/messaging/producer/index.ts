export { MessageSealer, type MessageSealerOptions, type PreparedMessage, type Sending } from './message-sealer.ts';
export { SecureProducer, type SecureProducerOptions, type Sent } from './secure-producer.ts';
