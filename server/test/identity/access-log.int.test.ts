import { parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createRowMac } from '../../src/audit/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { type AccessDecision, createAccessLog, type Principal, scopes } from '../../src/identity/index.ts';

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

const macOf = createRowMac(parseMasterKey(Buffer.alloc(32, 1).toString('base64url')));
const principal = (id: string): Principal => ({
  ...{ kind: 'key', id, name: '', role: 'Client', clientId: 'acme', tenants: ['acme'], scopes },
  allowDeclaredSafe: false,
});
const decision = (id: string, requestId: string): AccessDecision => ({
  ...{ principal: principal(id), permission: 'transactions:write', resource: 'POST /api/v1/transactions' },
  ...{ resourceId: undefined, allowed: true, code: undefined, requestId },
});
const rows = async () =>
  (await pool.query('SELECT principal_id, requests, request_id FROM access_log ORDER BY principal_id')).rows;

it('counts what is alike and loses none of it, also when the database was away for a moment', async () => {
  let isAway = true;
  let failures = 0;
  const flaky = new Proxy(pool, {
    get: (target, name) => {
      if (name === 'query' && isAway) return () => Promise.reject(new Error('away'));
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const log = createAccessLog({ pool: flaky, macOf, onFailed: () => void failures++, flushMs: 5 });
  for (let i = 0; i < 500; i++) log.recordSoon(decision(i % 2 === 0 ? 'even' : 'odd', `request-${i}`));
  await expect.poll(() => failures).toBe(1);
  for (let i = 0; i < 100; i++) log.recordSoon(decision('even', `later-${i}`));
  // One that has to be stored first is not taken for stored.
  await expect(log.record(decision('at-once', 'request-x'))).rejects.toThrow('away');
  isAway = false;
  await log.record(decision('at-once', 'request-y'));
  await log.close();
  expect(await rows()).toEqual([
    { principal_id: 'at-once', requests: 1, request_id: 'request-y' },
    { principal_id: 'even', requests: 350, request_id: 'request-0' },
    { principal_id: 'odd', requests: 250, request_id: 'request-1' },
  ]);
});
