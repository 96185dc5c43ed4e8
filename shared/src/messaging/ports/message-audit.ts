import type { ErrorCode } from '../../errors/index.ts';

/**
 * What happened to a message. `refused`: it never reached the handler; `failed`: its handler gave up; both went to the dead
 * letters. `repeated`: it was applied before and had no effect. `replayed`, `discarded`: an operator sent a dead letter again, or
 * put it aside.
 */
export type MessageAction = 'sent' | 'received' | 'refused' | 'failed' | 'repeated' | 'replayed' | 'discarded';

/** A line of an audit trail; never a payload or a message key. */
export interface MessageAuditEvent {
  readonly action: MessageAction;
  readonly at: Date;
  readonly topic: string;
  readonly group?: string;
  readonly partition?: number;
  readonly offset?: bigint;
  /** This and what follows only where it was verified, or is our own. */
  readonly eventId?: string;
  readonly schemaId?: string;
  readonly tenant?: string;
  readonly keyId?: string;
  readonly signingKeyId?: string;
  /** Who signed it. */
  readonly party?: string;
  readonly replayOf?: string;
  /** Why it was refused or failed. */
  readonly code?: ErrorCode;
}

/** Where audit lines go. What it rejects with stops the message: nothing is received or refused without a line. */
export interface MessageAudit {
  record(event: MessageAuditEvent): void | Promise<void>;
  /** The lines of a batch at once, in order; one {@link record} each where left out. */
  recordAll?(events: readonly MessageAuditEvent[]): void | Promise<void>;
}

/** Records the lines of a batch. */
export async function recordAll(audit: MessageAudit, events: readonly MessageAuditEvent[]): Promise<void> {
  if (audit.recordAll !== undefined) await audit.recordAll(events);
  else for (const event of events) await audit.record(event);
}

export const noAudit: MessageAudit = { record: () => undefined };
