import { randomUUID } from 'node:crypto';
import { canonicalJson, type MasterKey } from '@sdp/shared/crypto';
import { type Pool, type PoolClient, query } from '../database/index.ts';
import type { AuditAction } from './audit-actions.ts';
import { createRowMac } from './row-mac.ts';

/** Who did it. `operator`: somebody at the server's command line; `system`: the server by itself. */
export interface AuditActor {
  readonly kind: 'user' | 'key' | 'operator' | 'system';
  readonly id: string;
}

/** A deed for the trail. No cell value, token, key or password may stand in it: it is kept and given out. */
export interface AuditEntry {
  readonly actor: AuditActor;
  readonly action: AuditAction;
  /** What it was done to: a batch, a record `<batch_id>.<seq>`, a user, a key's id. */
  readonly subject: string;
  /** Whose data; left out where it is nobody's. */
  readonly clientId?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/**
 * Puts deeds into the trail, in the transaction of the deeds themselves: both are there, or neither.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export type RecordAudit = (db: Pool | PoolClient, entry: AuditEntry | readonly AuditEntry[]) => Promise<void>;

/** Columns of `audit_event` that the row's code is made over, in its order. */
export interface AuditEventFields {
  readonly eventId: string;
  readonly at: Date;
  readonly clientId: string | null;
  readonly actorKind: string;
  readonly actorId: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: unknown;
}

/** What the code of a row of `audit_event` is made over. */
export function auditEventParts(fields: AuditEventFields): (string | null)[] {
  const { eventId, at, clientId, actorKind, actorId, action, subject, detail } = fields;
  return [eventId, at.toISOString(), clientId, actorKind, actorId, action, subject, canonicalJson(detail)];
}

/** Makes rows of `audit_event` with their codes, as JSON for {@link insertAuditRows}. */
export type AuditRows = (entries: readonly AuditEntry[]) => string;

/** @param serverKey the codes of rows are made under a key derived from it */
export function createAuditRows(serverKey: MasterKey): AuditRows {
  const macOf = createRowMac(serverKey);
  return (entries) => {
    const at = new Date();
    const rows = entries.map(({ actor, action, subject, clientId = null, detail = {} }) => {
      const fields = { at, action, subject, clientId, detail, actorKind: actor.kind, actorId: actor.id };
      const eventId = randomUUID();
      const mac = macOf('audit_event', auditEventParts({ ...fields, eventId }));
      return { ...fields, eventId, mac: mac.toString('hex') };
    });
    return JSON.stringify(rows);
  };
}

/** @param serverKey see {@link createAuditRows} */
export function createRecordAudit(serverKey: MasterKey): RecordAudit {
  const auditRows = createAuditRows(serverKey);
  return async (db, given) => {
    const entries = Array.isArray(given) ? (given as readonly AuditEntry[]) : [given as AuditEntry];
    if (entries.length > 0) await query(db, insertSql, [auditRows(entries)]);
  };
}

/**
 * SQL that puts rows into the trail, for a statement that does the deeds themselves.
 *
 * @param parameter such as `$1`: what {@link AuditRows} made
 * @param condition which of the rows, called `row`
 */
export function insertAuditRows(parameter: string, condition: string): string {
  return `
  INSERT INTO audit_event (at, client_id, actor_kind, actor_id, action, subject, detail, event_id, mac)
  SELECT at, "clientId", "actorKind", "actorId", action, subject, detail, "eventId", decode(mac, 'hex')
    FROM jsonb_to_recordset(${parameter}::jsonb) AS row (at timestamptz, "clientId" text, "actorKind" text, "actorId" text,
         action text, subject text, detail jsonb, "eventId" uuid, mac text)
   WHERE ${condition}`;
}

const insertSql = insertAuditRows('$1', 'true');
