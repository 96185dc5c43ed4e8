export {
  type AccessRule,
  AccessRules,
  accessRuleSchema,
  type TopicOperation,
  topicOperations,
} from './access-rules.ts';
