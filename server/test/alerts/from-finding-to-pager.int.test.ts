import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startEmptyDatabase } from '../../../test/support/postgres.ts';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { withTransaction } from '../../src/database/index.ts';
import { defaultScopesOf } from '../../src/identity/index.ts';
import { sampleFinding } from '../anomaly-events/sample-finding.ts';
import { call } from '../identity/signed-in-user.ts';
import { startServer } from '../support/running-server.ts';
import { until } from './alerting.ts';
import { startReceiver } from './receivers.ts';

it('a finding reaches the pager, and so does that somebody took it up and resolved it; as an owner that policies hold too', async () => {
  const database = await startEmptyDatabase();
  const receiver = await startReceiver();
  const folder = mkdtempSync(join(tmpdir(), 'sdp-pager-'));
  const file = join(folder, 'alerts.yml');
  writeFileSync(
    file,
    `channels:
  pager: { type: pagerduty, url: "${receiver.url}", routing_key_file: "${join(folder, 'key')}", allow_private_addresses: true }
safe_tags: [source]
route: { channels: [pager], group_wait: 0s }
`,
  );
  writeFileSync(join(folder, 'key'), 'routing-key\n');
  const role = `plain_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: database.dsn });
  await admin.connect();
  const own = new URL(database.dsn);
  own.username = role;
  own.password = 'a-password-of-a-test';
  try {
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${own.password}'`);
    await admin.query(`ALTER DATABASE ${own.pathname.slice(1)} OWNER TO ${role}`);
    await admin.query(`DO $$ BEGIN CREATE ROLE sdp_api NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await admin.query(`GRANT sdp_api TO ${role}`);
    const server = await startServer({ roles: ['alerts'], environment: { DB_DSN: own.href, SDP_ALERTS_FILE: file } });
    try {
      const finding = sampleFinding({ tags: { source: 'billing', customer: 'tok_secret' }, userId: 'tok_user' });
      await withTransaction(server.platform.pool, (tx) => writeAnomalies(tx, [finding]));
      await until(() => receiver.received.length === 1);
      const [trigger] = receiver.received;
      expect(trigger?.body).toMatchObject({
        ...{ routing_key: 'routing-key', event_action: 'trigger' },
        payload: { summary: 'Many errors', severity: 'error', component: 'billing' },
      });
      expect(trigger?.text).not.toMatch(/tok_secret|tok_user/);
      const anomalyId = trigger?.body.payload.custom_details.alerts[0].anomaly_id;
      const scopes = defaultScopesOf('DataEngineer');
      const { text } = await server.keys.create({
        ...{ role: 'DataEngineer', tenants: ['acme'], label: '', scopes, allowDeclaredSafe: false },
      });
      for (const deed of ['acknowledge', 'resolve']) {
        const { status } = await call(server, `/api/v1/anomalies/${anomalyId}/${deed}`, {
          ...{ method: 'POST', headers: { 'X-API-Key': text } },
        });
        expect(status).toBe(200);
        await until(() => receiver.received.at(-1)?.body.event_action === deed);
      }
      expect(new Set(receiver.received.map(({ body }) => body.dedup_key)).size).toBe(1);
      expect(receiver.received).toHaveLength(3);
    } finally {
      await server.stop();
    }
  } finally {
    await admin.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`).catch(() => undefined);
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`).catch(() => undefined);
    await admin.end();
    await database.stop();
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
