import { describe, expect, it } from 'vitest';
import { readEvent, readEvents } from '../../src/events/intake/read-events-rules.ts';
import { aLog, aMetric, aPayment } from './support/pipeline.ts';

const now = Date.now();
/** What was found, as `code: field field`. */
function verdictOn(value: unknown): string {
  const read = readEvent(value, now);
  return 'event' in read ? 'taken' : `${read.bad.code}: ${read.bad.findings.map(({ field }) => field).join(' ')}`;
}

describe('the firewall of events', () => {
  it('looks at every text, wherever it stands', () => {
    const mail = 'maria.huber@example.org';
    const card = '4111111111111111';
    const found: readonly (readonly [unknown, string])[] = [
      [aLog({ message: `user ${mail} logged in` }), 'message'],
      [aLog({ event_id: mail }), 'event_id'],
      [aLog({ event_id: `req${card}x` }), 'event_id'],
      [aLog({ user_id: mail }), 'user_id'],
      [aLog({ host: mail }), 'host'],
      [aLog({ source: mail }), 'source'],
      [aLog({ tags: { team: 'a', owner: mail } }), 'tags.owner'],
      [aLog({ attributes: { note: `call +49 89 636 48018` } }), 'attributes.note'],
      [aLog({ attributes: { paid_by: 4111111111111111 } }), 'attributes.paid_by'],
      [aLog({ attributes: { phone: '5550132' } }), 'attributes.phone'],
      [aLog({ attributes: { phone: 5_550_132 } }), 'attributes.phone'],
      [aLog({ attributes: { 'maria.huber/@example.org': 'x' } }), 'attributes.field 1'],
      [aMetric({ metrics: { cpu: 1, card: 4111111111111111 } }), 'metrics.card'],
      [aPayment({ merchant: 'DE89370400440532013000' }), 'merchant'],
      [aPayment({ category: mail }), 'category'],
      [aPayment({ channel: mail }), 'channel'],
      [aPayment({ amount: 4111111111111111 }), 'amount'],
    ];
    for (const [event, field] of found) {
      const expected =
        field === 'amount' || field.endsWith('field 1') ? /^raw-pii-found|^request-invalid/ : /^raw-pii-found/;
      expect(verdictOn(event)).toMatch(expected);
      if (field !== 'amount' && !field.endsWith('field 1')) expect(verdictOn(event)).toBe(`raw-pii-found: ${field}`);
    }
    const many = aLog({ message: mail, tags: { a: card, b: mail } });
    expect(verdictOn(many)).toBe('raw-pii-found: tags.a tags.b message');
  });

  it('leaves alone what logs are full of and nobody is', () => {
    const messages = [
      'request 7f9c2ba4-e88f-4a6d-8b41-0c3f5d8a9e11 done in 1234.56 ms, 200 OK, 10.0.0.17:8443',
      '2026-11-22T02:16:25.123Z [pool-3-thread-12] retry 3 of 5 for order 1000347 after 2500 ms',
      'user tok_00112233445566778899aabbccddeeff bought 3 items for 129.90 EUR',
      'block blk_38865049064139660 of size 67108864 from /10.250.19.102:50010',
      'memory 8589934592 of 17179869184 bytes used, load 0.75 0.80 0.91',
    ];
    for (const message of messages) expect(verdictOn(aLog({ message }))).toBe('taken');
    expect(verdictOn(aMetric({ metrics: { started_ns: 1_763_776_545_000_000_000, bytes: 987_654_321_012 } }))).toBe(
      'taken',
    );
  });

  it('goes before the contract, and tells no value and no unknown name', () => {
    const secret = 'maria.huber@example.org';
    const read = readEvent({ type: 'log', [`x ${secret}`]: { deep: [{ er: secret }] } }, now);
    expect(JSON.stringify(read)).not.toContain('maria');
    expect(verdictOn({ type: 'log', [`x ${secret}`]: 1 })).toBe('raw-pii-found: field 2');
    expect(verdictOn({ type: 'log', whatever: 1 })).toMatch(/^request-invalid/);
    expect(JSON.stringify(readEvent({ type: 'log', 'Maria Huber': 1 }, now))).not.toContain('Maria');
    expect(JSON.stringify(readEvent(aLog({ tags: { 'Maria Huber': 'x' } as never }), now))).not.toContain('Maria');
  });
});

describe('readEvents', () => {
  it('reports all that is wrong with all events, by their index', () => {
    const act = () => readEvents({ events: [aLog(), { ...aLog(), level: 1, at: 2 }, {}, null] }, now);
    expect(act).toThrow(
      expect.objectContaining({
        code: 'request-invalid',
        details: expect.objectContaining({
          findings: expect.arrayContaining([
            expect.objectContaining({ field: 'events.1.at' }),
            expect.objectContaining({ field: 'events.1.level' }),
            expect.objectContaining({ field: 'events.2.type' }),
            expect.objectContaining({ field: 'events.3' }),
          ]),
        }),
      }),
    );
  });

  it('takes a list of 1 to 5,000 and nothing beside it', () => {
    const event = aLog();
    expect(readEvents({ events: Array(5_000).fill(event) }, now).length).toBe(5_000);
    for (const body of [
      { events: [] },
      { events: Array(5_001).fill(event) },
      { events: [event], more: 1 },
      [],
      'x',
      null,
    ]) {
      expect(() => readEvents(body, now)).toThrow(expect.objectContaining({ code: 'request-invalid' }));
    }
  });
});
