import { eventShards } from '@sdp/shared/contracts';
import type { StageMessage, StageSending } from '@sdp/shared/messaging';
import type { Fact, RuleSet } from '../../anomaly-rules/index.ts';
import { partitionOf } from '../../bus/index.ts';
import { eventKey } from '../../events/index.ts';
import { type Facts, factsContract, maxFactsPerMessage, type WireFact } from '../analysis-flow.ts';

type Source = Pick<StageMessage, 'eventId' | 'tenant' | 'trace'>;

/**
 * Messages that bring the facts of a message of events to whoever judges them. Their ids are made from that one's and the rules, so
 * that handling it again sends the same messages.
 */
export function factMessages(
  source: Source,
  receivedAt: string,
  facts: readonly Fact[],
  rules: RuleSet,
): StageSending[] {
  const byShard = Map.groupBy(facts, ({ ruleId, group }) =>
    partitionOf(JSON.stringify([ruleId, ...group]), eventShards),
  );
  const { tenant, eventId, trace } = source;
  return [...byShard].flatMap(([shard, own]) =>
    Array.from({ length: Math.ceil(own.length / maxFactsPerMessage) }, (_, n): StageSending<Facts> => {
      const part = own.slice(n * maxFactsPerMessage, (n + 1) * maxFactsPerMessage);
      return {
        key: eventKey(tenant, shard),
        contract: factsContract,
        payload: {
          client_id: tenant,
          shard,
          received_at: receivedAt,
          facts: part.map(wireFact),
        },
        eventId: `${eventId}:${rules.fingerprint}:${shard}.${n}`,
        tenant,
        trace,
      };
    }),
  );
}

function wireFact(fact: Fact): WireFact {
  const { ruleId, version, eventId, timeMs, group, bits, value, numbers, userId, host, source, isSkewed } = fact;
  return {
    ...{ rule: ruleId, version, event_id: eventId, at_ms: timeMs, group: [...group], bits, value },
    ...(Object.keys(numbers).length > 0 && { numbers: { ...numbers } }),
    ...(userId !== undefined && { user_id: userId }),
    ...(host !== undefined && { host }),
    ...(source !== undefined && { source }),
    ...(isSkewed && { ahead: true as const }),
  };
}

export function factOfWire(wire: WireFact, clientId: string, receivedAtMs: number, offset: bigint): Fact {
  const { user_id: userId, host, source } = wire;
  return {
    ...{ ruleId: wire.rule, version: wire.version, clientId, eventId: wire.event_id, timeMs: wire.at_ms, receivedAtMs },
    ...{ group: wire.group, bits: wire.bits, value: wire.value, numbers: wire.numbers ?? {} },
    ...(userId !== undefined && { userId }),
    ...(host !== undefined && { host }),
    ...(source !== undefined && { source }),
    ...{ isSkewed: wire.ahead ?? false, offset: Number(offset) },
  };
}
