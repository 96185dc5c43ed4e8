import { type Alert, type AlertLevel, alertLevels, gravest, gravity, ownClient } from './alert.ts';
import type { AlertsConfig } from './alert-config.ts';
import { guardNotice } from './guard-rules.ts';
import type { Notice, NoticeAlert, NoticeKind } from './notice.ts';

/** Alerts that a message shows in full; the others it counts. */
export const maxShownAlerts = 10;
const maxTitle = 200;
const maxMessage = 1_500;
const maxTags = 16;
const maxNumbers = 16;
const maxValue = 200;
const maxTypes = 20;

export interface NoticeInput {
  readonly kind: NoticeKind;
  readonly clientId: string;
  /** The gravest first; {@link maxShownAlerts} of them are enough. */
  readonly alerts: readonly Alert[];
  /** Of all, also of those that aren't given. */
  readonly counts: readonly { readonly level: AlertLevel; readonly type: string; readonly count: number }[];
  readonly incident: string;
  readonly failed?: Notice['failed'];
}

/** Makes what a message tells, of nothing but what may leave the house, and looks at it once more. */
export function composeNotice(config: Pick<AlertsConfig, 'safeTags' | 'link'>, input: NoticeInput): Notice {
  const { kind, clientId, counts, incident, failed = null } = input;
  const alerts = [...input.alerts]
    .sort((one, other) => gravity(other.level) - gravity(one.level))
    .slice(0, maxShownAlerts);
  const level = gravest(counts.map((each) => each.level));
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  return guardNotice({
    ...{ kind, client_id: clientId, level, total, incident, failed },
    title: titleOf(kind, total, alerts),
    alerts: alerts.map((alert) => shown(config, alert)),
    levels: levelCounts(counts),
    types: typeCounts(counts),
  });
}

function titleOf(kind: NoticeKind, total: number, alerts: readonly Alert[]): string {
  const [first] = alerts;
  const subject = total === 1 && first ? cut(first.title, maxTitle) : `${total} alerts`;
  const more = total > 1 && first ? `: ${cut(first.title, maxTitle / 2)}, …` : '';
  if (kind === 'summary') return `${subject} in several groups${more}`;
  if (kind === 'reminder') return `Still open: ${subject}${more}`;
  if (kind === 'acknowledged') return `Acknowledged: ${subject}${more}`;
  if (kind === 'resolved') return `Resolved: ${subject}${more}`;
  if (kind === 'test') return 'Test of this channel';
  return `${subject}${more}`;
}

function shown({ safeTags, link }: Pick<AlertsConfig, 'safeTags' | 'link'>, alert: Alert): NoticeAlert {
  const tags = Object.entries(alert.tags).filter(([name]) => safeTags.has(name));
  const numbers = Object.entries(alert.numbers).filter(([, value]) => Number.isFinite(value));
  const { anomalyId } = alert;
  return {
    id: alert.alertId,
    type: cut(alert.type, maxValue),
    level: alert.level,
    title: cut(alert.title, maxTitle),
    message: cut(alert.message, maxMessage),
    at: alert.at.toISOString(),
    tags: Object.fromEntries(tags.slice(0, maxTags).map(([name, value]) => [name, cut(value, maxValue)])),
    numbers: Object.fromEntries(numbers.slice(0, maxNumbers).map(([name, value]) => [cut(name, maxValue), value])),
    anomaly_id: anomalyId ?? null,
    link: link === undefined || anomalyId === undefined ? null : link.replaceAll('{id}', anomalyId),
  };
}

function levelCounts(counts: NoticeInput['counts']): Notice['levels'] {
  const found: Partial<Record<AlertLevel, number>> = {};
  for (const level of [...alertLevels].reverse()) {
    const count = counts.reduce((sum, each) => sum + (each.level === level ? each.count : 0), 0);
    if (count > 0) found[level] = count;
  }
  return found;
}

/** The most frequent; the rest under `other`. */
function typeCounts(counts: NoticeInput['counts']): Notice['types'] {
  const found = new Map<string, number>();
  for (const { type, count } of counts) found.set(cut(type, maxValue), (found.get(cut(type, maxValue)) ?? 0) + count);
  const ordered = [...found].sort(([, one], [, other]) => other - one);
  const rest = ordered.slice(maxTypes).reduce((sum, [, count]) => sum + count, 0);
  return Object.fromEntries([...ordered.slice(0, maxTypes), ...(rest > 0 ? [['other', rest] as const] : [])]);
}

/** Control characters become blanks, and what is too long ends with `…`. */
export function cut(text: string, maxLength: number): string {
  const clean = text.replace(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ');
  if (clean.length <= maxLength) return clean;
  const end = maxLength - 1;
  // Not between the two halves of a character.
  const at = /[\ud800-\udbff]/.test(clean.charAt(end - 1)) ? end - 1 : end;
  return `${clean.slice(0, at)}…`;
}

/** Whose it is, for people. */
export function clientLabel(clientId: string): string {
  return clientId === ownClient ? 'the server itself' : clientId;
}
