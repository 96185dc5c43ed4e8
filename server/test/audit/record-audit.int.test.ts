import { canonicalJson, generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createRecordAudit } from '../../src/audit/index.ts';
import { auditEventParts } from '../../src/audit/record-audit.ts';
import { createRowMac } from '../../src/audit/row-mac.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';

const masterKey = parseMasterKey(generateMasterKeyText());
const recordAudit = createRecordAudit(masterKey);
const actor = { kind: 'user', id: 'ada' } as const;
let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});

it('is there with the deed or not at all', async () => {
  await expect(
    withTransaction(pool, async (client) => {
      await recordAudit(client, { actor, action: 'record.edited', subject: 'b.1', clientId: 'acme' });
      throw new RangeError('the deed failed');
    }),
  ).rejects.toThrow();
  expect((await pool.query('SELECT 1 FROM audit_event')).rowCount).toBe(0);
});

it('reads back as what its code was made over, whatever the detail holds', async () => {
  const detail = { b: 1e21, a: 0.1, '10': [-0, null, 'ü\n"'], nested: { z: 1, y: undefined } };
  await recordAudit(pool, [
    { actor, action: 'record.edited', subject: 'b.1', clientId: 'acme', detail },
    { actor: { kind: 'system', id: 'sweeper' }, action: 'integrity.failed', subject: 'b' },
  ]);
  const { rows } = await pool.query('SELECT * FROM audit_event ORDER BY audit_id');
  expect(rows).toHaveLength(2);
  expect(canonicalJson(rows[0].detail)).toBe(canonicalJson(detail));
  for (const row of rows) {
    const parts = auditEventParts({
      ...{ eventId: row.event_id, at: row.at, clientId: row.client_id, actorKind: row.actor_kind },
      ...{ actorId: row.actor_id, action: row.action, subject: row.subject, detail: row.detail },
    });
    expect(row.mac).toEqual(createRowMac(masterKey)('audit_event', parts));
  }
  await expect(pool.query('DELETE FROM audit_event')).rejects.toThrow('append-only');
});
