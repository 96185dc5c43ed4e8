import type { Event } from '@sdp/shared/contracts';
import { compileRules, RuleDetector, type RuleSet } from '../anomaly-rules/index.ts';
import type { Finding } from '../detectors/index.ts';
import { SeenEvents } from '../events/index.ts';
import type { RulesFile } from './rules-file-schema.ts';
import { toStreamEvent } from './to-stream-event.ts';

/** Events in the order in which they came. */
export interface TriedBlock {
  readonly receivedAt: Date;
  readonly events: readonly Event[];
}

export interface Trial {
  readonly events: number;
  readonly repeats: number;
  /** Events that came too late to count, by rule. */
  readonly late: Readonly<Record<string, number>>;
  /** How often each rule was met. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first of what was found. */
  readonly findings: readonly Finding[];
}

/**
 * What rules would have found. Time ends with the last event: a silence after it is no absence.
 *
 * @param mostFindings kept; all are counted
 */
export async function tryRules(
  file: RulesFile,
  clientId: string,
  blocks: AsyncIterable<TriedBlock>,
  mostFindings: number,
): Promise<Trial> {
  const late: Record<string, number> = {};
  const rules = inOnePlace(compileRules(file.rules, file.settings));
  const counts: Record<string, number> = Object.fromEntries(rules.rules.map(({ id }) => [id, 0]));
  const place = { topic: 'trial', partition: 0 };
  const detector = new RuleDetector(rules, place, {
    late: ({ id }) => {
      late[id] = (late[id] ?? 0) + 1;
    },
    overloaded: () => undefined,
  });
  const seen = new SeenEvents();
  const findings: Finding[] = [];
  let [events, repeats, offset] = [0, 0, 0n];
  for await (const block of blocks) {
    const receivedAtMs = block.receivedAt.getTime();
    const chosen = seen.select(block.events, ({ event_id: eventId }) => ({ clientId, eventId, receivedAtMs }));
    chosen.remember();
    const observed = detector.observe(
      chosen.fresh.map((event, index) => toStreamEvent(event, clientId, receivedAtMs, { ...place, offset, index })),
    );
    for (const finding of observed.findings) {
      counts[finding.alertType] = (counts[finding.alertType] ?? 0) + 1;
      if (findings.length < mostFindings) findings.push(finding);
    }
    events += chosen.fresh.length;
    repeats += chosen.repeats;
    offset += 1n;
  }
  return { events, repeats, late, counts, findings };
}

/** All events are in one place here, so that nothing has to be handed on. */
function inOnePlace(set: RuleSet): RuleSet {
  const here = (rules: RuleSet['rules']) => rules.map((rule) => ({ ...rule, isLocal: true }));
  const { log, metric, transaction } = set.byType;
  return {
    ...{ ...set, rules: here(set.rules), local: here(set.rules), gathered: [] },
    byType: { log: here(log), metric: here(metric), transaction: here(transaction) },
  };
}
