import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discordBody } from '../../../src/alerts/channels/discord-body-rules.ts';
import { emailBody } from '../../../src/alerts/channels/email-body-rules.ts';
import { pagerDutyBody } from '../../../src/alerts/channels/pagerduty-body-rules.ts';
import { slackBody } from '../../../src/alerts/channels/slack-body-rules.ts';
import { signedHeaders, webhookBody } from '../../../src/alerts/channels/webhook-body-rules.ts';
import type { Alert } from '../../../src/alerts/rules/alert.ts';
import type { OutgoingMessage } from '../../../src/alerts/rules/notice.ts';
import { composeNotice } from '../../../src/alerts/rules/notice-rules.ts';
import { sampleAlert } from '../rules/sample-alert.ts';

const messageId = '0198a1c2-0000-4000-8000-00000000000a';
const safeTags = new Set(['host', 'service']);

function messageOf(alerts: readonly Alert[], link?: string): OutgoingMessage {
  const counts = alerts.map(({ level, type }) => ({ level, type, count: 1 }));
  const notice = composeNotice(
    { safeTags, link },
    { kind: alerts.length > 1 ? 'summary' : 'alerts', clientId: 'acme', alerts, counts, incident: messageId },
  );
  return { messageId, createdAt: new Date('2026-03-01T10:00:01Z'), notice };
}

const bodies = {
  discord: discordBody,
  slack: slackBody,
  pagerduty: (message: OutgoingMessage) => pagerDutyBody(message, 'key'),
  webhook: webhookBody,
  email: emailBody,
};
const all = (message: OutgoingMessage) => Object.values(bodies).map((body) => JSON.stringify(body(message)));

describe('what must not go out', () => {
  const planted = {
    email: 'anna.vornholt@example.org',
    card: '4111 1111 1111 1111',
    iban: 'DE89 3704 0044 0532 0130 00',
    phone: '+49 30 12345678',
    ssn: '123-45-6789',
  };

  it.each(Object.entries(planted))(
    '%s, wherever it was planted, is replaced, and the message says so',
    (_kind, secret) => {
      const fields: Partial<Alert>[] = [
        { title: `Login of ${secret} failed` },
        { message: `seen: ${secret}.` },
        { type: secret },
        { tags: { host: secret } },
        { numbers: { [secret]: 1 } },
      ];
      for (const field of fields) {
        for (const text of all(messageOf([sampleAlert(field)]))) {
          expect(text).not.toContain(secret);
          expect(text.replaceAll(/\D/g, '')).not.toContain(secret.replaceAll(/\D/g, '') || 'nothing');
        }
        expect(JSON.stringify(webhookBody(messageOf([sampleAlert(field)])))).toContain(
          'withheld: may contain personal data',
        );
      }
    },
  );

  it('a card number that is a number', () => {
    const [text] = all(messageOf([sampleAlert({ numbers: { amount: 4_111_111_111_111_111 } })]));
    expect(text).not.toMatch(/4111111111111111|4,111,111/);
  });

  it('tags that are not declared safe, and whose event it was', () => {
    const tags = { host: 'web-1', owner: 'anna vornholt', customer: 'tok_1234' };
    for (const text of all(messageOf([sampleAlert({ tags })])))
      expect(text).not.toMatch(/vornholt|tok_1234|owner|customer/);
  });
});

describe('what may go out does: no text of SDP’s own is taken for personal data', () => {
  it('titles, numbers, hosts and times', () => {
    const texts = [
      'CPU at 97.5 % for 3 samples (limit 80)',
      '23 ERROR events within 180 s (limit 20)',
      'latency_ms 1532.25 above 1000; cpu_percent 93.125',
      'amount 125000.5 above 10000 at 2026-03-01T10:00:00.000Z',
      'host web-12.eu-central-1.internal, 10.20.30.40',
      // Parts of this id have the form and the checksum of an account's number.
      'tokenized_record: edited, batch 0c865b50-9221-4ae8-be88-66877bb55139, record 12',
      'template <*> failed for <*> in <*> ms, seen 12 times, 0.25 expected',
    ];
    for (const text of texts) {
      const [body] = all(messageOf([sampleAlert({ title: text, message: text, tags: { host: 'ip-10-20-30-40' } })]));
      expect([text, body?.includes('withheld')]).toEqual([text, false]);
    }
  });
});

describe('Discord', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 3_000 });
  const alert = fc
    .record({ title: text, message: text, host: text, level: fc.constantFrom('INFO', 'CRITICAL') })
    .map(({ host, ...rest }) => sampleAlert({ ...rest, tags: { host } } as Partial<Alert>));

  it('gets no more than it takes, whatever there is to say', () => {
    fc.assert(
      fc.property(fc.array(alert, { minLength: 1, maxLength: 30 }), (alerts) => {
        const { embeds } = discordBody(messageOf(alerts, 'https://sdp.example/anomalies/{id}'));
        expect(embeds.length).toBeLessThanOrEqual(10);
        let total = 0;
        for (const { title, description = '', fields = [], footer } of embeds) {
          expect(title.length).toBeLessThanOrEqual(256);
          expect(description.length).toBeLessThanOrEqual(4_096);
          expect(fields.length).toBeLessThanOrEqual(25);
          total += title.length + description.length + (footer?.text.length ?? 0);
          for (const { name, value } of fields) {
            expect(value.length).toBeGreaterThan(0);
            expect(value.length).toBeLessThanOrEqual(1_024);
            total += name.length + value.length;
          }
        }
        expect(total).toBeLessThanOrEqual(6_000);
      }),
      { numRuns: 60 },
    );
  });

  it('pings nobody and shows no link of a text', () => {
    const message = '@everyone <@123> [click](https://evil.example/x) **bold** `code`';
    const text = JSON.stringify(discordBody(messageOf([sampleAlert({ message })])));
    expect(text).not.toMatch(/[^\\]@everyone|[^\\]<@|[^\\]\]\(|https:\/\/evil|[^\\]\*\*/);
  });
});

/** As far as the test looks at it. */
interface SlackBody {
  readonly text: string;
  readonly blocks: readonly {
    readonly type: string;
    readonly text?: { readonly type: string; readonly text: string };
  }[];
}

describe('Slack', () => {
  it('gets texts that are plain and not too long', () => {
    const alerts = Array.from({ length: 15 }, (_, n) =>
      sampleAlert({ title: `<!channel> ${'x'.repeat(400)} ${n}`, message: 'y'.repeat(5_000) }),
    );
    const body = slackBody(messageOf(alerts)) as SlackBody;
    expect(body.text).not.toContain('<!channel>');
    expect(body.blocks.length).toBeLessThanOrEqual(50);
    expect(body.blocks[0]?.text?.text.length).toBeLessThanOrEqual(150);
    for (const { type, text } of body.blocks) {
      if (type === 'section') expect([text?.type, (text?.text.length ?? 9e9) <= 3_000]).toEqual(['plain_text', true]);
    }
    expect(JSON.stringify(body)).toContain('and 5 more');
  });
});

describe('an e-mail', () => {
  it('reads well, and shows no markup of a text', () => {
    const alert = sampleAlert({ title: '<img src=x> & "quotes"', tags: { host: 'web-1', secret: 'x' } });
    const { subject, text, html } = emailBody(messageOf([alert], 'https://sdp.example/anomalies/{id}'));
    expect(subject).toBe('[SDP] WARNING: <img src=x> & "quotes"');
    expect(text).toBe(`<img src=x> & "quotes"
======================

Client  acme
Sent    2026-03-01T10:00:01.000Z
Types   latency_high 1

WARNING  <img src=x> & "quotes"
  2026-03-01T10:00:00.000Z  latency_high
  p95 above its limit
  latency_ms: 1,532.5
  host: web-1
  anomaly: 0198a1c2-0000-4000-8000-000000000001
  https://sdp.example/anomalies/0198a1c2-0000-4000-8000-000000000001

-- 
SDP · client: acme · message ${messageId}
`);
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src=x&gt; &amp; &quot;quotes&quot;');
  });

  it('has a subject of one line', () => {
    const { subject } = emailBody(messageOf([sampleAlert({ title: 'one\r\nBcc: all@example.com' })]));
    expect(subject).not.toMatch(/[\r\n]/);
  });
});

describe('PagerDuty', () => {
  it('gets a summary that it takes', () => {
    const body = pagerDutyBody(
      messageOf([sampleAlert({ level: 'CRITICAL', tags: { host: 'db-1', service: 'orders' } })]),
      'key',
    );
    expect(body).toMatchObject({
      ...{ routing_key: 'key', event_action: 'trigger', dedup_key: messageId },
      payload: {
        summary: 'Latency is high',
        severity: 'critical',
        source: 'db-1',
        component: 'orders',
        class: 'latency_high',
      },
    });
  });
});

describe('a signed webhook', () => {
  it('has the signature of the published example', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const body = '{"test": 2432232314}';
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    expect(signedHeaders({ messageId: id, body, secret }, new Date(1_614_265_330_999))).toEqual({
      'webhook-id': id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});
