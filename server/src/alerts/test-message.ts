import { ownClient } from './rules/alert.ts';
import type { OutgoingMessage } from './rules/notice.ts';
import { composeNotice } from './rules/notice-rules.ts';

/** A message that only says that a channel works. */
export function testMessage(messageId: string, at: Date): OutgoingMessage {
  const alert = {
    ...({ alertId: messageId, clientId: ownClient, kind: 'test', type: 'test', level: 'INFO' } as const),
    title: 'Test of this channel',
    message: 'This message was asked for with `sdp-server alerts test`. Nothing is wrong.',
    ...{ tags: {}, numbers: {}, anomalyId: undefined, at },
  };
  const notice = composeNotice(
    { safeTags: new Set(), link: undefined },
    {
      ...{ kind: 'test', clientId: ownClient, incident: messageId, alerts: [alert] },
      counts: [{ level: 'INFO', type: 'test', count: 1 }],
    },
  );
  return { messageId, createdAt: at, notice };
}
