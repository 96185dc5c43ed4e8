export { type ApplyResult, applyTopics, findTopicDrift } from './apply-topics.ts';
export { loadAccess } from './load-access.ts';
export { type LoadedTopics, type LoadTopicsOptions, loadTopics } from './load-topics.ts';
export { shippedFile } from './shipped-file.ts';
export { settingsOf, type TopicAction, type TopicDrift } from './topic-plan-rules.ts';
export type { TopicCleanup, TopicCompression, TopicSpec } from './topic-spec.ts';
