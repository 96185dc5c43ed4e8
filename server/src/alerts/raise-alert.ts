import { randomUUID } from 'node:crypto';
import { type Queryable, query } from '../database/index.ts';
import type { AlertLevel } from './rules/alert.ts';

/** Something that the server itself has to tell. */
export interface SystemAlert {
  /** By this routes and silences go, such as `integrity-failed`. */
  readonly type: string;
  readonly level: AlertLevel;
  readonly title: string;
  /** Nothing raw: no value, token or key. */
  readonly message: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, number>>;
  /** Whose data it is about; left out where it is nobody's. */
  readonly clientId?: string | undefined;
}

/**
 * Has people told of something, by the routes of `alerts.yml`. In the caller's transaction, where there is one: the alert then is
 * there if what it tells of is.
 *
 * @returns id of the alert
 * @throws {UnavailableError} `database-unavailable`
 */
export async function raiseAlert(db: Queryable, alert: SystemAlert): Promise<string> {
  const { type, level, title, message, tags = {}, metrics = {}, clientId = null } = alert;
  const alertId = randomUUID();
  await query(
    db,
    "INSERT INTO alert_outbox (alert_id, client_id, kind, level, payload) VALUES ($1, $2, 'system', $3, $4)",
    [alertId, clientId, level, JSON.stringify({ type, title, message, tags, metrics })],
  );
  return alertId;
}
