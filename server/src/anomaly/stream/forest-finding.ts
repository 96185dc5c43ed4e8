import type { Finding, StreamEvent } from '../../detectors/index.ts';
import type { Told } from './alert-pace.ts';
import type { EventFeature } from './event-features.ts';
import type { WindowForest } from './window-forest.ts';

/** Of what is found, not of a forest. */
export const forestVersion = 1;

const namedFeatures = 3;
/** Shares below it are left out. */
const smallestShare = 0.05;

interface Judged {
  readonly score: number;
  /** The event's numbers, gaps filled. */
  readonly row: Float32Array;
  readonly standing: WindowForest;
  readonly features: readonly EventFeature[];
  readonly told: Told;
}

interface Reason {
  readonly name: string;
  readonly share: number;
  /** Share of the training rows that are lower. */
  readonly quantile: number;
}

/** What made an event stand apart, by rank: no value of it is told. */
export function forestFinding(event: StreamEvent, { score, row, standing, features, told }: Judged): Finding {
  const { number, panes, threshold, scores } = standing;
  const reasons = reasonsOf(row, standing, features);
  const subject = event.userId ?? event.host ?? event.source;
  const first = reasons[0];
  return {
    detector: 'forest',
    detectorVersion: `${forestVersion}/forest-${number}`,
    clientId: event.clientId,
    at: new Date(event.atMs),
    alertType: `forest-${event.type}`,
    level: told.level,
    title: `Unusual ${event.type === 'metric' ? 'sample of metrics' : event.type}${first ? `: ${first.name}` : ''}`,
    message: `Score ${score.toFixed(3)}, above ${threshold.toFixed(3)}. ${reasons.map(reasonText).join(', ')}.`,
    ...(event.userId !== undefined && { userId: event.userId }),
    tags: {
      ...(event.host !== undefined && { host: event.host }),
      ...(event.source !== undefined && { source: event.source }),
    },
    metrics: { score, threshold },
    explanation: {
      score,
      threshold,
      score_quantile: rankOf(scores, score),
      forest: number,
      trained_from: new Date(panes[0]?.firstMs ?? 0).toISOString(),
      trained_to: new Date(Math.max(...panes.map(({ lastMs }) => lastMs))).toISOString(),
      trained_events: panes.reduce((sum, { events }) => sum + events, 0),
      trained_rows: scores.length,
      is_learning: told.isLearning,
      not_told: told.notTold,
      features: reasons.map(({ name, share, quantile }) => ({
        name,
        share,
        quantile,
        direction: directionOf(quantile),
      })),
    },
    evidence: {
      topic: event.place.topic,
      partition: event.place.partition,
      firstOffset: event.place.offset,
      lastOffset: event.place.offset,
      eventIds: [event.eventId],
      count: 1,
    },
    dedupeKey: `forest:${event.type}:${event.eventId}`,
    groupKey: `forest:${event.type}:${subject ?? ''}`,
  };
}

/** Features that stand for the same are one; the one that did more says where the event stands. */
function reasonsOf(row: Float32Array, standing: WindowForest, features: readonly EventFeature[]): Reason[] {
  const credits = standing.forest.contributions({ values: row, rows: 1, width: row.length });
  const total = credits.reduce((sum, credit) => sum + credit, 0);
  const byName = new Map<string, { share: number; most: number; quantile: number }>();
  for (const [at, { name }] of features.entries()) {
    const share = total > 0 ? (credits[at] as number) / total : 0;
    const known = byName.get(name);
    const isMore = known === undefined || share > known.most;
    byName.set(name, {
      share: share + (known?.share ?? 0),
      most: isMore ? share : known.most,
      quantile: isMore ? rankOf(standing.sorted[at], row[at] as number) : known.quantile,
    });
  }
  return [...byName]
    .filter(([, { share }]) => share >= smallestShare)
    .sort(([, a], [, b]) => b.share - a.share)
    .slice(0, namedFeatures)
    .map(([name, { share, quantile }]) => ({ name, share: Math.round(share * 1e3) / 1e3, quantile }));
}

/** Share of the numbers that are smaller, and half of those that are equal. */
function rankOf(sorted: ArrayLike<number> = [], value: number): number {
  const below = countBelow(sorted, (other) => other < value);
  const notAbove = countBelow(sorted, (other) => other <= value);
  return Math.round(((below + notAbove) / (2 * Math.max(1, sorted.length))) * 1e4) / 1e4;
}

function countBelow(sorted: ArrayLike<number>, isBelow: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(sorted[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function directionOf(quantile: number): 'high' | 'low' | 'between' {
  if (quantile > 0.75) return 'high';
  return quantile < 0.25 ? 'low' : 'between';
}

function reasonText({ name, quantile }: Reason): string {
  const percent = (share: number) => `${Number((share * 100).toFixed(2))} %`;
  if (quantile < 0.5) return `${name} lower than in ${percent(1 - quantile)} of what came before`;
  return `${name} higher than in ${percent(quantile)} of what came before`;
}
