import { z } from 'zod';
import { type Alert, type AlertLevel, ownClient } from '../rules/alert.ts';

/** A row of `alert_outbox`. */
export interface OutboxRow {
  readonly alert_id: string;
  readonly client_id: string | null;
  readonly anomaly_id: string | null;
  readonly kind: string;
  readonly created_at: Date;
  readonly level: AlertLevel;
  readonly payload: unknown;
}

/** A row of `alert`. */
export interface AlertRow {
  readonly alert_id: string;
  readonly client_id: string;
  readonly anomaly_id: string | null;
  readonly kind: string;
  readonly type: string;
  readonly level: AlertLevel;
  readonly title: string;
  readonly message: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, number>>;
  readonly created_at: Date;
}

/** Whoever writes to the outbox does so with more or less: an alert isn't lost over a field that isn't there. */
const payloadSchema = z.object({
  type: z.string().catch(''),
  title: z.string().catch(''),
  message: z.string().catch(''),
  tags: z.record(z.string(), z.unknown()).catch({}),
  metrics: z.record(z.string(), z.unknown()).catch({}),
  user_id: z.string().nullable().catch(null),
});

export function alertOfOutbox(row: OutboxRow): Alert {
  const parsed = payloadSchema.safeParse(row.payload);
  const payload = parsed.success ? parsed.data : payloadSchema.parse({});
  const type = payload.type || row.kind;
  const withoutUser = userRemover(payload.user_id);
  return {
    alertId: row.alert_id,
    clientId: row.client_id ?? ownClient,
    kind: row.kind,
    type,
    level: row.level,
    title: withoutUser(payload.title || type),
    message: withoutUser(payload.message),
    tags: onlyOf(payload.tags, (value) => (typeof value === 'string' ? withoutUser(value) : undefined)),
    numbers: onlyOf(payload.metrics, (value) => (typeof value === 'number' ? value : undefined)),
    anomalyId: row.anomaly_id ?? undefined,
    at: row.created_at,
  };
}

/** A message about one user doesn't say which: the anomaly does, to those who may see it. A user's id may stand in a text as a word. */
function userRemover(userId: string | null): (text: string) => string {
  if (userId === null || userId === '') return (text) => text;
  const escaped = userId.replace(/[$()*+./?[\\\]^{|}]/g, '\\$&');
  const word = new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'gu');
  return (text) => text.replace(word, '[user]');
}

export function alertOfRow(row: AlertRow): Alert {
  const { alert_id: alertId, client_id: clientId, anomaly_id: anomalyId, created_at: at, ...rest } = row;
  const { kind, type, level, title, message, tags, numbers } = rest;
  return { alertId, clientId, anomalyId: anomalyId ?? undefined, at, kind, type, level, title, message, tags, numbers };
}

export function rowOfAlert(alert: Alert): AlertRow {
  const { alertId: alert_id, clientId: client_id, anomalyId, at: created_at, ...rest } = alert;
  return { ...rest, alert_id, client_id, anomaly_id: anomalyId ?? null, created_at };
}

function onlyOf<T>(
  values: Readonly<Record<string, unknown>>,
  as: (value: unknown) => T | undefined,
): Record<string, T> {
  const found: Record<string, T> = {};
  for (const [name, value] of Object.entries(values)) {
    const known = as(value);
    if (known !== undefined) found[name] = known;
  }
  return found;
}
