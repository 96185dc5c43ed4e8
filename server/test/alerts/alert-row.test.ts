import { expect, it } from 'vitest';
import { alertOfOutbox } from '../../src/alerts/store/alert-row.ts';

const row = (payload: unknown) => ({
  ...{ alert_id: '0198a1c2-0000-4000-8000-000000000001', client_id: 'acme', anomaly_id: null, kind: 'anomaly' },
  ...{ created_at: new Date(), level: 'ERROR' as const, payload },
});

it.each([
  ['tok_1', '5 events for user_id tok_1, host web-1', '5 events for user_id [user], host web-1'],
  ['tok_1', 'tok_1: tok_12, tok_1.', '[user]: tok_12, [user].'],
  ['a.b-c/d+(e)$', 'for a.b-c/d+(e)$ and aXb-c/d+(e)$', 'for [user] and aXb-c/d+(e)$'],
  ['5', '25 events, 5 of user 5', '25 events, [user] of user [user]'],
  ['', 'as it is', 'as it is'],
])('an alert about the user %s does not say so', (userId, text, expected) => {
  const alert = alertOfOutbox(row({ type: 't', title: text, message: text, tags: { about: text }, user_id: userId }));
  expect([alert.title, alert.message, alert.tags]).toEqual([expected, expected, { about: expected }]);
});

it('an alert is not lost over what its row lacks', () => {
  expect(alertOfOutbox(row(null))).toMatchObject({
    type: 'anomaly',
    title: 'anomaly',
    message: '',
    tags: {},
    numbers: {},
  });
});
