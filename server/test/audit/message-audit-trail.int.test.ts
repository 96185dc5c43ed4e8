import { UnavailableError } from '@sdp/shared/errors';
import type { MessageAuditEvent } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { type AuditStore, createAuditStore, MessageAuditTrail } from '../../src/audit/index.ts';
import { applyMigrations, createPool, type Pool } from '../../src/database/index.ts';
import { eventually } from '../bus/eventually.ts';

const logger = pino({ level: 'silent' });
const at = new Date('2026-01-01T12:00:00Z');
const event = (more: Partial<MessageAuditEvent> & Pick<MessageAuditEvent, 'action'>): MessageAuditEvent => ({
  ...{ at, topic: 'payment.made', group: 'ledger', partition: 0, offset: 0n },
  ...more,
});
const genuine = {
  eventId: 'e-1',
  schemaId: 'payment.v1',
  tenant: 'acme',
  keyId: 'e1',
  signingKeyId: 's1',
  party: 'us',
};

describe('the audit trail of messages', () => {
  let database: TestDatabase;
  let pool: Pool;
  let store: AuditStore;
  let trails: MessageAuditTrail[] = [];

  beforeAll(async () => {
    database = await startTestDatabase();
    await applyMigrations(database.dsn);
    pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-audit' });
    store = createAuditStore(pool);
  }, 240_000);
  afterAll(async () => {
    await pool?.end();
    await database?.stop();
  });
  afterEach(async () => {
    for (const trail of trails) await trail.close();
    trails = [];
    await pool.query('ALTER TABLE message_audit DISABLE TRIGGER ALL');
    await pool.query('TRUNCATE message_audit');
    await pool.query('ALTER TABLE message_audit ENABLE TRIGGER ALL');
  });

  const open = (mode: 'summary' | 'each', on: AuditStore = store) => {
    const trail = new MessageAuditTrail({ store: on, logger, mode, flushMs: 3_600_000 });
    trails.push(trail);
    return trail;
  };
  const rows = async () => (await pool.query('SELECT * FROM message_audit ORDER BY audit_id')).rows;

  it('has the row of a refused message written before it says so', async () => {
    const trail = open('summary');
    await trail.record(event({ action: 'refused', offset: 17n, code: 'message-tampered' }));
    expect(await rows()).toMatchObject([
      {
        ...{
          at,
          action: 'refused',
          topic: 'payment.made',
          group_name: 'ledger',
          code: 'message-tampered',
          messages: 1,
        },
        ...{ places: { 0: ['17', '17'] }, event_id: null, tenant: null, party: null },
      },
    ]);
  });

  it('sums up what went its way, by what the messages are', async () => {
    const trail = open('summary');
    for (let n = 0; n < 1_000; n++) {
      const tenant = n % 10 === 0 ? 'other' : 'acme';
      await trail.record(
        event({ ...genuine, action: 'received', tenant, partition: n % 2, offset: BigInt(n), eventId: `e-${n}` }),
      );
    }
    await trail.record(event({ action: 'failed', ...genuine, code: 'internal' }));
    await eventually('the failure is written', async () => (await rows()).length === 1);
    await trail.flush();
    const [, ...sums] = await rows();
    expect(sums).toMatchObject([
      { tenant: 'other', messages: 100, places: { 0: ['0', '990'] }, event_id: null },
      { tenant: 'acme', messages: 900, places: { 0: ['2', '998'], 1: ['1', '999'] }, party: 'us', key_id: 'e1' },
    ]);
    await trail.flush();
    expect(await rows()).toHaveLength(3);
  });

  it('has a row for each where that is asked for', async () => {
    const trail = open('each');
    const actions = ['sent', 'received', 'repeated'] as const;
    await trail.recordAll(actions.map((action) => event({ ...genuine, action })));
    expect(await rows()).toMatchObject(actions.map((action) => ({ action, event_id: 'e-1', schema_id: 'payment.v1' })));
  });

  it('fails what waits for its row, and keeps what is summed up, while the database is away', async () => {
    let isAway = true;
    const flaky: AuditStore = {
      ...store,
      insert: async (given) => {
        if (isAway) throw new UnavailableError('database-unavailable');
        await store.insert(given);
      },
    };
    const trail = open('summary', flaky);
    await expect(trail.record(event({ action: 'refused' }))).rejects.toThrow(UnavailableError);
    for (let n = 0; n < 3; n++) {
      await trail.record(event({ ...genuine, action: 'received', offset: BigInt(n) }));
      await trail.flush();
    }
    isAway = false;
    await trail.flush();
    expect((await rows()).reduce((sum, { messages }) => sum + messages, 0)).toBe(3);
  });

  it('writes the rest when it is closed', async () => {
    const trail = open('summary');
    await trail.record(event({ ...genuine, action: 'sent' }));
    await trail.close();
    expect(await rows()).toMatchObject([{ action: 'sent', messages: 1 }]);
  });

  it('lets nobody change its rows, nor delete them within a month', async () => {
    const old = new Date(Date.now() - 40 * 86_400_000);
    await open('each').recordAll([event({ action: 'sent', at: old }), event({ action: 'received', at: new Date() })]);
    for (const sql of ["UPDATE message_audit SET topic = 'x'", 'DELETE FROM message_audit', 'TRUNCATE message_audit']) {
      await expect(pool.query(sql), sql).rejects.toThrow('kept as they are');
    }
    expect(await store.forgetBefore(new Date())).toBe(1);
    expect(await rows()).toMatchObject([{ action: 'received' }]);
  });
});
