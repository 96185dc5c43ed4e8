// Not part of the bus's own index: the client for Kafka is a third of what a server process loads, and only those whose
// settings name a broker need it. They import this file when they know.
export { KafkaBus, type KafkaBusOptions } from './kafka-bus.ts';
export { KafkaTopicAdmin } from './kafka-topic-admin.ts';
export { KafkaTopicReader } from './kafka-topic-reader.ts';
