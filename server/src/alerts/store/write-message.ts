import { type PoolClient, query } from '../../database/index.ts';
import type { AlertsConfig } from '../rules/alert-config.ts';
import { composeNotice, type NoticeInput } from '../rules/notice-rules.ts';

/** A row of `alert_group`, as far as messages need it. */
export interface GroupRow {
  readonly group_id: string;
  readonly client_id: string;
  readonly route: string;
  readonly labels: string;
}

export interface NewMessage extends NoticeInput {
  readonly messageId: string;
  readonly channel: string;
}

/** Stores a message that is to be sent. Its content stays as it is now. */
export async function writeMessage(tx: PoolClient, config: AlertsConfig, message: NewMessage): Promise<void> {
  const { messageId, clientId, channel, kind, incident } = message;
  await query(
    tx,
    'INSERT INTO alert_message (message_id, client_id, channel, kind, incident, notice) VALUES ($1, $2, $3, $4, $5, $6)',
    [messageId, clientId, channel, kind, incident, JSON.stringify(composeNotice(config, message))],
  );
}
