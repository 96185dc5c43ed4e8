import { constantTimeEqual } from '@sdp/shared/crypto';
import { accessLogParts } from '../access-log-parts.ts';
import { auditEventParts } from '../record-audit.ts';
import type { RowMac } from '../row-mac.ts';

/** A row of a source, each column as text; absent ones are null. */
export type SourceRow = Readonly<Record<string, string | null>> & { readonly id: string };

type ColumnKind = 'text' | 'time' | 'bytes';

/** A table whose rows are only ever added, and each of which becomes an entry of the ledger. It has a column `xact`. */
export interface LedgerSource {
  readonly name: string;
  readonly idColumn: string;
  readonly idType: 'bigint' | 'text';
  /** All that a row says. New ones are added at the end, and are null in rows of before. */
  readonly columns: readonly (readonly [name: string, kind: ColumnKind])[];
  /** No two rows have the same in it, whoever wrote them. */
  readonly uniqueColumn?: string;
  /**
   * Whether the server made the row.
   *
   * @param isOld from before there was a ledger, when rows carried no code
   */
  readonly isGenuine?: (row: SourceRow, macOf: RowMac, isOld: boolean) => boolean;
}

const text = (...names: readonly string[]) => names.map((name) => [name, 'text'] as const);

/** Actions of before there was a ledger. */
const oldActions = new Set(['transaction.decided', 'alert.raised', 'outcome.reported']);

export const ledgerSources: readonly LedgerSource[] = [
  {
    name: 'audit_event',
    idColumn: 'audit_id',
    idType: 'bigint',
    columns: [
      ['at', 'time'],
      ...text('client_id', 'actor_kind', 'actor_id', 'action', 'subject', 'detail', 'event_id'),
      ['mac', 'bytes'],
    ],
    uniqueColumn: 'event_id',
    isGenuine: (row, macOf, isOld) => {
      if (isOld && row['mac'] === null && row['actor_kind'] === null) return oldActions.has(row['action'] ?? '');
      const { event_id: eventId, actor_kind: actorKind, actor_id: actorId, mac } = row;
      if (!eventId || !actorKind || !actorId || !mac) return false;
      const parts = auditEventParts({
        ...{ eventId, actorKind, actorId, at: new Date(row['at'] ?? ''), clientId: row['client_id'] ?? null },
        ...{ action: row['action'] ?? '', subject: row['subject'] ?? '', detail: JSON.parse(row['detail'] ?? 'null') },
      });
      return constantTimeEqual(Buffer.from(mac, 'hex'), macOf('audit_event', parts));
    },
  },
  {
    name: 'access_log',
    idColumn: 'access_id',
    idType: 'bigint',
    columns: [
      ['at', 'time'],
      ...text(
        'principal_kind',
        'principal_id',
        'role',
        'client_id',
        'permission',
        'resource',
        'resource_id',
        'allowed',
      ),
      ...text('code', 'request_id', 'requests', 'event_id'),
      ['mac', 'bytes'],
    ],
    uniqueColumn: 'event_id',
    isGenuine: (row, macOf) => {
      const value = (column: string) => row[column] ?? null;
      const parts = accessLogParts({
        eventId: row['event_id'] ?? '',
        at: new Date(row['at'] ?? ''),
        principalKind: row['principal_kind'] ?? '',
        principalId: value('principal_id'),
        role: value('role'),
        clientId: value('client_id'),
        permission: value('permission'),
        resource: row['resource'] ?? '',
        resourceId: value('resource_id'),
        allowed: row['allowed'] === 'true',
        code: value('code'),
        requestId: row['request_id'] ?? '',
        requests: Number(row['requests']),
      });
      return constantTimeEqual(Buffer.from(row['mac'] ?? '', 'hex'), macOf('access_log', parts));
    },
  },
  {
    name: 'model_version',
    idColumn: 'version',
    idType: 'text',
    columns: [
      ...text('feature_set', 'key_id'),
      ['signed_at', 'time'],
      ['sha256', 'bytes'],
      ...text('size_bytes', 'added_by'),
      ['added_at', 'time'],
    ],
  },
  {
    name: 'model_deployment',
    idColumn: 'generation',
    idType: 'bigint',
    columns: [
      ...text(
        'champion',
        'challenger',
        'challenger_share',
        'shadow',
        'salt',
        'rollback_to',
        'kind',
        'reason',
        'made_by',
      ),
      ['made_at', 'time'],
      ['hmac', 'bytes'],
    ],
  },
];

/** SQL list of a source's columns, each as text that doesn't depend on the session's settings. */
export function columnList({ idColumn, columns }: LedgerSource): string {
  const expressions = columns.map(([name, kind]) => `${asText(name, kind)} AS "${name}"`);
  return [`${idColumn}::text AS id`, ...expressions].join(', ');
}

function asText(name: string, kind: ColumnKind): string {
  if (kind === 'bytes') return `encode("${name}", 'hex')`;
  // As Date.toISOString writes it: all these columns are to the millisecond.
  if (kind === 'time') return `to_char("${name}" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return `"${name}"::text`;
}

/**
 * The row as an entry: JSON of its columns in their order, without those that are null, so that a column added later changes no
 * entry of before.
 */
export function entryOf({ name, columns }: LedgerSource, row: SourceRow): string {
  const entry: Record<string, string> = { source: name, id: row.id };
  for (const [column] of columns) {
    const value = row[column];
    if (typeof value === 'string') entry[column] = value;
  }
  return JSON.stringify(entry);
}
