import type { MessageAuditEvent } from '@sdp/shared/messaging';

/** A row of `message_audit`, as it is handed to the database. */
export interface AuditRow {
  readonly at: Date;
  readonly action: MessageAuditEvent['action'];
  readonly topic: string;
  readonly group_name?: string | undefined;
  readonly tenant?: string | undefined;
  readonly schema_id?: string | undefined;
  readonly party?: string | undefined;
  readonly key_id?: string | undefined;
  readonly signing_key_id?: string | undefined;
  readonly messages: number;
  /** First and last offset by partition. */
  readonly places?: Readonly<Record<string, readonly [string, string]>> | undefined;
  readonly event_id?: string | undefined;
  readonly replay_of?: string | undefined;
  readonly code?: string | undefined;
}

/** The row of one message. */
export function rowOf(event: MessageAuditEvent): AuditRow {
  const { at, action, topic, group, partition, offset, tenant, schemaId, party, keyId, signingKeyId } = event;
  return {
    ...{ at, action, topic, tenant, party, messages: 1, code: event.code },
    group_name: group,
    schema_id: schemaId,
    key_id: keyId,
    signing_key_id: signingKeyId,
    event_id: event.eventId,
    replay_of: event.replayOf,
    ...(partition !== undefined &&
      offset !== undefined && { places: { [partition]: [String(offset), String(offset)] } }),
  };
}
