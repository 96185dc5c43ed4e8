import { hash } from 'node:crypto';
import type { RuleDefinition } from '@sdp/shared/contracts';
import type { StreamEventType } from '../detectors/index.ts';
import { type CompiledRule, compileRule } from './compiled-rule-rules.ts';
import type { RuleLimits } from './rule-judge-rules.ts';
import type { RuleSettings } from './rule-schema.ts';

/** All rules that are in force, ready to be used. */
export interface RuleSet {
  readonly rules: readonly CompiledRule[];
  /** Of them, those that each partition judges by itself, */
  readonly local: readonly CompiledRule[];
  /** and those that are judged where all events of a group come together. */
  readonly gathered: readonly CompiledRule[];
  readonly byType: Readonly<Record<StreamEventType, readonly CompiledRule[]>>;
  readonly latenessMs: number;
  /** Beside it, for the gathered rules. */
  readonly catchUpMs: number;
  readonly clockSkewMs: number;
  readonly limits: RuleLimits;
  /** Of the gathered rules: facts made by others are told apart by it. */
  readonly fingerprint: string;
}

export function compileRules(definitions: readonly RuleDefinition[], settings: RuleSettings): RuleSet {
  const rules = definitions.filter(({ enabled }) => enabled).map(compileRule);
  const gathered = rules.filter(({ isLocal }) => !isLocal);
  const ofType = (type: StreamEventType) => rules.filter(({ types }) => types.includes(type));
  const { groups, events, events_per_group: eventsPerGroup } = settings.limits;
  return {
    ...{ rules, gathered, local: rules.filter(({ isLocal }) => isLocal) },
    byType: { log: ofType('log'), metric: ofType('metric'), transaction: ofType('transaction') },
    ...{ latenessMs: settings.lateness, catchUpMs: settings.catch_up, clockSkewMs: settings.clock_skew },
    limits: { groups, events, eventsPerGroup },
    fingerprint: hash('sha256', gathered.map(({ id, fingerprint }) => `${id}=${fingerprint}`).join(), 'hex').slice(
      0,
      8,
    ),
  };
}

/** How far back events may matter that the rules have not let go of. */
export function longestMemoryMs({ rules, latenessMs, catchUpMs }: RuleSet): number {
  return Math.max(0, ...rules.map(({ withinMs, cooldownMs }) => withinMs + cooldownMs)) + latenessMs + catchUpMs;
}
