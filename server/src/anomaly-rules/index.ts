export { type CompiledRule, compileRule } from './compiled-rule-rules.ts';
export { type Fact, factOf } from './fact-rules.ts';
export { findingOf } from './firing-finding-rules.ts';
export type { Firing } from './firing-rules.ts';
export { type Observed, RuleDetector } from './rule-detector-rules.ts';
export { type RuleEvents, RuleJudge, type RuleLimits } from './rule-judge-rules.ts';
export { type RuleSettings, ruleSchema, ruleSettingsSchema } from './rule-schema.ts';
export { compileRules, longestMemoryMs, type RuleSet } from './rule-set-rules.ts';
