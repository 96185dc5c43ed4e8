import type { MessageAuditEvent } from '@sdp/shared/messaging';
import type { AuditRow } from './audit-row.ts';

interface Sum {
  readonly of: MessageAuditEvent;
  at: Date;
  messages: number;
  readonly places: Map<number, { first: bigint; last: bigint }>;
}

/**
 * Sums up what happened to messages since it was last taken: one row for all that agree in what they are. The log itself has
 * each of them, signed, at the offsets that the row names.
 */
export class AuditSummary {
  #sums = new Map<string, Sum>();

  add(event: MessageAuditEvent): void {
    const { action, topic, group = '', tenant = '', schemaId = '', party = '', keyId = '', signingKeyId = '' } = event;
    // None of them holds a line break.
    const id = `${action}\n${topic}\n${group}\n${tenant}\n${schemaId}\n${party}\n${keyId}\n${signingKeyId}`;
    let sum = this.#sums.get(id);
    if (sum === undefined) {
      sum = { of: event, at: event.at, messages: 0, places: new Map() };
      this.#sums.set(id, sum);
    }
    sum.messages++;
    if (event.at > sum.at) sum.at = event.at;
    const { partition, offset } = event;
    if (partition === undefined || offset === undefined) return;
    const place = sum.places.get(partition);
    if (place === undefined) sum.places.set(partition, { first: offset, last: offset });
    else if (offset > place.last) place.last = offset;
    else if (offset < place.first) place.first = offset;
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  /** What was summed up; it begins anew. */
  take(): AuditRow[] {
    const sums = [...this.#sums.values()];
    this.#sums = new Map();
    return sums.map(({ of, at, messages, places }) => ({
      ...{ at, action: of.action, topic: of.topic, tenant: of.tenant, party: of.party, messages },
      group_name: of.group,
      schema_id: of.schemaId,
      key_id: of.keyId,
      signing_key_id: of.signingKeyId,
      ...(places.size > 0 && {
        places: Object.fromEntries(
          [...places].map(([partition, { first, last }]) => [partition, [String(first), String(last)] as const]),
        ),
      }),
    }));
  }
}
