export { type CheckedMessage, ComplianceManager } from './compliance-manager.ts';
export { type FieldRules, maskFields } from './field-rules.ts';
export { type FieldRule, retentionDays, type TopicPolicy, topicPolicySchema } from './topic-policy.ts';
