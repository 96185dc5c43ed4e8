import type { Finding, FindingLevel, StreamEvent } from '../../detectors/index.ts';
import type { Deviation, DeviationKind } from './series-model.ts';

const titles: Record<DeviationKind, string> = {
  up: 'unusually high',
  down: 'unusually low',
  shift: 'away from its usual level',
};
/** Deviations of so many usual largest ones are warnings, and errors. */
const warningFrom = 1.5;
const errorFrom = 3;

/** A deviation as people read it: names and numbers, nothing else. */
export function seriesFinding(event: StreamEvent, metric: string, value: number, found: Deviation): Finding {
  const place = event.host ?? event.source;
  const on = place === undefined ? '' : ` on ${place}`;
  const season = found.season === 'day' ? 'for this time of day' : 'after the last samples';
  return {
    detector: 'series',
    detectorVersion: '1',
    clientId: event.clientId,
    // A sender's clock that runs ahead must not date a finding into the future.
    at: new Date(Math.min(event.atMs, event.receivedAtMs)),
    alertType: `series-${found.kind}`,
    level: levelOf(found.ofUsualLargest),
    title: `${metric}${on} is ${titles[found.kind]}`,
    message: `${metric}${on} is ${rounded(value)}; ${rounded(found.expected)} was expected ${season}, within ${rounded(3 * found.sigma)} (${rounded(found.sigmas)} sigmas).`,
    ...(event.userId !== undefined && { userId: event.userId }),
    tags: {
      ...(event.host !== undefined && { host: event.host }),
      ...(event.source !== undefined && { source: event.source }),
    },
    metrics: { [metric]: value },
    explanation: {
      metric,
      value,
      expected: found.expected,
      sigmas: found.sigmas,
      sigma: found.sigma,
      season: found.season,
      kind: found.kind,
      chance: found.chance,
      of_usual_daily_largest: found.ofUsualLargest,
      samples: found.samples,
    },
    evidence: {
      topic: event.place.topic,
      partition: event.place.partition,
      firstOffset: event.place.offset,
      lastOffset: event.place.offset,
      eventIds: [event.eventId],
      count: 1,
    },
    dedupeKey: `series:${metric}:${event.eventId}`,
    groupKey: `series:${event.host ?? ''}:${event.source ?? ''}:${metric}`,
  };
}

function levelOf(ofUsualLargest: number): FindingLevel {
  if (ofUsualLargest >= errorFrom) return 'ERROR';
  return ofUsualLargest >= warningFrom ? 'WARNING' : 'INFO';
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
