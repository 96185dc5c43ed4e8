export { loadAccess } from './load-access.ts';
export { type LoadedTopics, type LoadTopicsOptions, loadTopics } from './load-topics.ts';
export type { TopicCleanup, TopicCompression, TopicSpec } from './topic-spec.ts';
