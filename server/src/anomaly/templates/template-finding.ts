import { hash } from 'node:crypto';
import type { Finding, FindingLevel, StreamEvent } from '../../detectors/index.ts';
import type { LogTemplate } from './template-miner.ts';
import { templateText } from './template-text.ts';

const dayMs = 86_400_000;

interface Told {
  readonly template: LogTemplate;
  /** Words besides the built-in ones that may be shown. */
  readonly shown: ReadonlySet<string>;
}

export interface ToldNew extends Told {
  readonly known: { readonly templates: number; readonly lines: number; readonly untold: number };
}

export interface ToldRate extends Told {
  readonly kind: 'surge' | 'drop';
  readonly count: number;
  readonly expected: number;
  readonly deviation: number;
  /** Whether the time of day is part of what was expected. */
  readonly season: 'none' | 'day';
  readonly bucketStartMs: number;
  readonly bucketSeconds: number;
  /** Allowed for this test by chance. */
  readonly chance: number;
  readonly level: string;
  readonly eventIds: readonly string[];
  readonly firstOffset: string;
}

/** A line of a kind that was never seen. Once a day for each text, in whatever partition it comes up first. */
export function newTemplateFinding(event: StreamEvent, { template, shown, known }: ToldNew): Finding {
  const text = templateText(template.tokens, shown);
  const key = groupKeyOf('new', event, text);
  return {
    ...base(event, text),
    alertType: 'template-new',
    level: levelOf(event.level),
    title: `A new kind of log line${ofSource(event)}`,
    message: `${event.level ?? 'INFO'}: ${text}`,
    metrics: { lines_before: known.lines - 1, templates_known: known.templates },
    explanation: {
      ...{ kind: 'new', template: text, template_id: template.id, log_level: event.level ?? 'INFO' },
      ...{ lines_before: known.lines - 1, templates_known: known.templates, new_not_told: known.untold },
    },
    evidence: evidenceOf(event, { firstOffset: event.place.offset, eventIds: [event.eventId], count: 1 }),
    dedupeKey: `${key}:${Math.floor(event.receivedAtMs / dayMs)}`,
    groupKey: key,
  };
}

/** A kind of line that comes far more often than it used to, or far less. */
export function rateFinding(event: StreamEvent, told: ToldRate): Finding {
  const { kind, template, count, expected, bucketSeconds } = told;
  const text = templateText(template.tokens, told.shown);
  const key = groupKeyOf(kind, event, text);
  const isSurge = kind === 'surge';
  const change = isSurge ? 'far more often' : 'far less often';
  return {
    ...base(event, text),
    alertType: `template-${kind}`,
    level: isSurge ? levelOf(told.level) : 'WARNING',
    title: `A kind of log line comes ${change} than usual${ofSource(event)}`,
    message: `${count} in ${bucketSeconds} s, ${Number(expected.toPrecision(3))} expected: ${told.level}: ${text}`,
    metrics: { count, expected, deviation: told.deviation },
    explanation: {
      ...{ kind, template: text, template_id: template.id, log_level: told.level, count, expected },
      ...{ deviation: told.deviation, season: told.season, chance: told.chance },
      ...{ bucket_start: new Date(told.bucketStartMs).toISOString(), bucket_seconds: bucketSeconds },
    },
    evidence: isSurge
      ? evidenceOf(event, { firstOffset: BigInt(told.firstOffset), eventIds: told.eventIds, count })
      : evidenceOf(event, { firstOffset: event.place.offset, eventIds: [event.eventId], count: 1 }),
    dedupeKey: `${key}:${template.id}:${event.eventId}`,
    groupKey: key,
  };
}

function base(event: StreamEvent, text: string) {
  return {
    detector: 'templates',
    detectorVersion: '1',
    clientId: event.clientId,
    // A sender's clock that runs ahead must not date a finding into the future.
    at: new Date(Math.min(event.atMs, event.receivedAtMs)),
    tags: { ...(event.source !== undefined && { source: event.source }), template: text },
  };
}

function evidenceOf(
  { place }: StreamEvent,
  evidence: { readonly firstOffset: bigint; readonly eventIds: readonly string[]; readonly count: number },
): Finding['evidence'] {
  return {
    ...{ topic: place.topic, partition: place.partition, lastOffset: place.offset },
    ...{ firstOffset: evidence.firstOffset, eventIds: [...evidence.eventIds], count: evidence.count },
  };
}

/** Of what is shown, not of the words themselves: a digest of those could be guessed. */
function groupKeyOf(kind: string, event: StreamEvent, text: string): string {
  const digest = hash('sha256', JSON.stringify([event.source ?? '', text])).slice(0, 24);
  return `templates:${kind}:${digest}`;
}

function ofSource({ source }: StreamEvent): string {
  return source === undefined ? '' : ` of ${source}`;
}

function levelOf(level: string | undefined): FindingLevel {
  if (level === 'FATAL') return 'CRITICAL';
  if (level === 'ERROR') return 'ERROR';
  return level === 'WARN' ? 'WARNING' : 'INFO';
}
