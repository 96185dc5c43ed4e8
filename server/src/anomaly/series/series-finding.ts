import type { Finding, FindingLevel, StreamEvent } from '../../detectors/index.ts';
import type { Deviation, DeviationKind } from './series-model.ts';
import type { Season } from './series-state.ts';

const titles: Record<DeviationKind, string> = {
  up: 'unusually high',
  down: 'unusually low',
  shift: 'away from its usual level',
  drift: 'drifting away from its usual level',
  frozen: 'not changing any more',
};
const expectations: Record<Season, string> = {
  none: 'after the last samples',
  day: 'for this time of day',
  week: 'for this time of the week',
};
const levels: readonly FindingLevel[] = ['INFO', 'WARNING', 'ERROR'];

/** A metric of an event, and what of it is watched: its value, or how fast it grows. */
export interface WatchedValue {
  readonly metric: string;
  readonly value: number;
  readonly isRate: boolean;
}

/** A deviation as people read it: names and numbers, nothing else. */
export function seriesFinding(event: StreamEvent, watched: WatchedValue, found: Deviation): Finding {
  const { metric, value, isRate } = watched;
  const place = event.host ?? event.source;
  const name = `${metric}${isRate ? ' a second' : ''}${place === undefined ? '' : ` on ${place}`}`;
  return {
    detector: 'series',
    detectorVersion: '2',
    clientId: event.clientId,
    // A sender's clock that runs ahead must not date a finding into the future.
    at: new Date(Math.min(event.atMs, event.receivedAtMs)),
    alertType: `series-${found.kind}`,
    level: levels[found.severity] as FindingLevel,
    title: `${name} is ${titles[found.kind]}`,
    message: `${name} is ${rounded(value)}; ${reasonOf(found)}.`,
    ...(event.userId !== undefined && { userId: event.userId }),
    tags: {
      ...(event.host !== undefined && { host: event.host }),
      ...(event.source !== undefined && { source: event.source }),
    },
    metrics: { [metric]: event.metrics?.[metric] ?? value },
    explanation: {
      metric,
      value,
      of: isRate ? 'increase a second' : 'value',
      expected: found.expected,
      sigmas: found.sigmas,
      sigma: found.sigma,
      season: found.season,
      kind: found.kind,
      chance: found.chance,
      of_usual_daily_largest: found.ofUsualLargest,
      samples: found.samples,
      same_in_a_row: found.same,
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

function reasonOf({ kind, season, expected, sigma, sigmas, same, ofUsualLargest }: Deviation): string {
  if (kind === 'frozen') {
    return `it has been so for ${same} samples in a row, ${rounded(ofUsualLargest)} times the longest such row of a usual day`;
  }
  const numbers = `within ${rounded(3 * sigma)} (${rounded(sigmas)} sigmas)`;
  if (kind === 'drift') {
    return `${rounded(expected)} was usual over a longer time, ${numbers}; its level is ${rounded(ofUsualLargest)} times as far off as on a usual day`;
  }
  return `${rounded(expected)} was expected ${expectations[season]}, ${numbers}`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
