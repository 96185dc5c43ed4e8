import type { AlertLevel } from './alert.ts';

/**
 * What a message tells: alerts of one group, of several where a channel's limit was reached, that some of them are still open, or
 * that they were acknowledged or resolved.
 */
export const noticeKinds = ['alerts', 'summary', 'reminder', 'acknowledged', 'resolved', 'test'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/** An alert as a message shows it: only what may leave the house. */
export interface NoticeAlert {
  readonly id: string;
  readonly type: string;
  readonly level: AlertLevel;
  readonly title: string;
  readonly message: string;
  readonly at: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, number | string>>;
  readonly anomaly_id: string | null;
  readonly link: string | null;
}

/** One message, as it is kept until it is delivered: every attempt sends the same. */
export interface Notice {
  readonly kind: NoticeKind;
  /** `*` for the server itself. */
  readonly client_id: string;
  readonly level: AlertLevel;
  readonly title: string;
  /** All that it tells of; `alerts` has the first of them. */
  readonly total: number;
  readonly alerts: readonly NoticeAlert[];
  readonly levels: Readonly<Partial<Record<AlertLevel, number>>>;
  readonly types: Readonly<Record<string, number>>;
  /** What is told of belongs to this: the message that told of it first. */
  readonly incident: string;
  /** The channel that should have delivered it, and why it didn't. */
  readonly failed: { readonly channel: string; readonly reason: string } | null;
}

/** A notice on its way. */
export interface OutgoingMessage {
  /** The same at every attempt: by this receivers tell repeats. */
  readonly messageId: string;
  readonly createdAt: Date;
  readonly notice: Notice;
}
