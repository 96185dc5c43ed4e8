/** A row of `access_log` as it is written. */
export interface AccessLogFields {
  readonly eventId: string;
  readonly at: Date;
  readonly principalKind: string;
  readonly principalId: string | null;
  readonly role: string | null;
  readonly clientId: string | null;
  readonly permission: string | null;
  readonly resource: string;
  readonly resourceId: string | null;
  readonly allowed: boolean;
  readonly code: string | null;
  readonly requestId: string;
  readonly requests: number;
}

/** What the code of a row of `access_log` is made over. */
export function accessLogParts(fields: AccessLogFields): (string | null)[] {
  const { eventId, at, principalKind, principalId, role, clientId, permission } = fields;
  const { resource, resourceId, allowed, code, requestId, requests } = fields;
  return [
    ...[eventId, at.toISOString(), principalKind, principalId, role, clientId, permission],
    ...[resource, resourceId, String(allowed), code, requestId, String(requests)],
  ];
}
