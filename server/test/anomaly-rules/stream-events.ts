import type { RuleDefinition } from '@sdp/shared/contracts';
import {
  compileRules,
  type RuleEvents,
  type RuleSet,
  ruleSchema,
  ruleSettingsSchema,
} from '../../src/anomaly-rules/index.ts';
import type { StreamEvent } from '../../src/detectors/index.ts';

/** 2026-01-01T00:00:00Z. */
export const epochMs = 1_767_225_600_000;

let made = 0;

/** An event of one client that came when it happened. */
export function streamEvent(event: Partial<StreamEvent> & Pick<StreamEvent, 'type'>): StreamEvent {
  made += 1;
  const atMs = event.atMs ?? epochMs;
  return {
    clientId: 'acme',
    eventId: `e${made}`,
    atMs,
    receivedAtMs: atMs,
    tags: {},
    place: { topic: 'logs', partition: 0, offset: BigInt(made), index: 0 },
    ...event,
  };
}

export function ruleOf(rule: Record<string, unknown>): RuleDefinition {
  return ruleSchema.parse({ id: 'r', title: 'A rule', events: 'log', ...rule });
}

export function ruleSetOf(rules: readonly Record<string, unknown>[], settings: Record<string, unknown> = {}): RuleSet {
  return compileRules(rules.map(ruleOf), ruleSettingsSchema.parse(settings));
}

export const silentEvents: RuleEvents = { late: () => undefined, overloaded: () => undefined };
