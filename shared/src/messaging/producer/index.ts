export { SecureProducer, type SecureProducerOptions, type Sending, type Sent } from './secure-producer.ts';
