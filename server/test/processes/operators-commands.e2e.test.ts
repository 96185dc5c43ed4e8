import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { KeyRing, parseGivenKeys, SecureProducer, SecurityManager } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runProgram } from '../../../test/support/run-program.ts';
import { createPool, embeddedDsn } from '../../src/database/index.ts';
import { openBus } from '../bus/bus-address.ts';

const program = resolve(import.meta.dirname, '../../bin/sdp-server.js');
const given = { encryptionKeys: 'ab'.repeat(32), signingKeys: 'cd'.repeat(32) };
const person = 'Ada Lovelace';

describe('operators’ commands beside a running server', () => {
  let dir: string;
  let server: ChildProcess;
  const environment = () => ({
    ...{ SDP_DATA_DIR: join(dir, 'data'), SDP_PORT: '0', SDP_API_KEY: 'an-api-key-for-this-test-0123456789' },
    ...{ KAFKA_ENCRYPTION_KEY: given.encryptionKeys, KAFKA_SIGNING_KEY: given.signingKeys },
  });
  const run = (args: string[], more: Record<string, string> = {}) =>
    runProgram(process.execPath, [program, ...args], { environment: { ...environment(), ...more } });
  const ok = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stderr], args.join(' ')).toEqual([0, '']);
    expect(stdout).not.toContain(person);
    return stdout;
  };
  const json = async (...args: string[]) => JSON.parse(await ok(...args, '--json')) as Record<string, never>;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sdp-operators-'));
    chmodSync(dir, 0o755);
    server = spawn(process.execPath, [program, 'serve'], {
      env: { PATH: process.env['PATH'], ...environment() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const listening = Promise.withResolvers<void>();
    server.stdout?.on('data', (bytes) => String(bytes).includes('"listening"') && listening.resolve());
    await listening.promise;
    const dsn = embeddedDsn(join(dir, 'data'));
    const bus = openBus({ kind: 'embedded', dsn });
    const headers = { 'x-evil\u001b[2J': person };
    await bus.publish('batch.risk_scoring', [{ key: person, value: Buffer.from(`{"name":"${person}"}`), headers }]);
    const security = new SecurityManager({ keys: new KeyRing(parseGivenKeys({ party: 'sdp-server', ...given })) });
    const producer = new SecureProducer({ bus, security, tenant: 'acme' });
    await producer.connect();
    const contract = { name: 'nonsense', version: 1, schema: z.unknown() };
    const payload = { transaction: { customer: `tok_${'0a'.repeat(16)}`, amount: 3 } };
    await producer.sendMessage('transaction.ingest', { key: 'acme/k', contract, payload });
    const pool = createPool({ dsn, applicationName: 'sdp-test' });
    for (let letters = 0; letters < 2; ) {
      const { rows } = await pool.query("SELECT count(*)::int AS n FROM bus_log WHERE topic LIKE '%.dlq'");
      letters = rows[0].n;
    }
    await pool.end();
    await bus.close();
  }, 120_000);
  afterAll(async () => {
    server?.kill('SIGTERM');
    if (server && server.exitCode === null) await once(server, 'exit');
    rmSync(dir, { recursive: true, force: true });
  });

  it('list, show, replay and discard dead letters', { timeout: 120_000 }, async () => {
    expect(await ok('dead-letters', 'list')).toMatch(/batch\.risk_scoring\.dlq +1 +0 +0 .* message-plaintext 1\n/);
    const plain = await ok('dead-letters', 'show', 'batch.risk_scoring.dlq:0:0');
    expect(plain).toContain('x-evil\\u{1b}[2J: (12 bytes, not shown)');
    expect(plain).toContain('payload: 23 bytes, not shown');
    const shown = await ok('dead-letters', 'show', 'transaction.ingest.dlq:0:0');
    expect(shown).toMatch(/signed +by sdp-server/);
    expect(shown).toContain('"customer": "[REDACTED]"');
    expect(shown).not.toContain('tok_');

    const many = await run(['dead-letters', 'replay', 'transaction.ingest']);
    expect([many.status, many.stdout]).toEqual([2, '']);
    expect(many.stderr).toContain('add --count 1.');
    const wrong = await run(['dead-letters', 'replay', 'batch.risk_scoring.dlq:0:0']);
    expect([wrong.status, wrong.stderr]).toEqual([6, expect.stringContaining('A message is not sealed')]);
    const replayed = await json('dead-letters', 'replay', 'transaction.ingest', '--count', '1');
    expect(replayed).toMatchObject({ replayed: [{ id: 'transaction.ingest.dlq:0:0' }], refused: [] });
    const again = await run(['dead-letters', 'replay', 'transaction.ingest.dlq:0:0']);
    expect([again.status, again.stderr]).toEqual([8, expect.stringContaining('replayed or discarded before')]);

    const discarded = await ok('dead-letters', 'discard', 'batch.risk_scoring', '--count', '1', '--reason', 'a test');
    expect(discarded).toBe('discarded batch.risk_scoring.dlq:0:0\n1 discarded, 0 not.\n');
    expect(await json('dead-letters', 'list', 'batch.risk_scoring')).toEqual({
      ...{ topic: 'batch.risk_scoring.dlq', letters: [], more: 0 },
    });
  });

  it('plan and apply topics, and print access rules', { timeout: 120_000 }, async () => {
    expect(await ok('topics', 'apply')).toMatch(/^(.+\n)*All \d+ topics are as the topics file says\.\n$/);
    const changed = { SDP_BUS_RETENTION_DAYS: '9' };
    const drifted = await run(['topics', 'plan', '--require-clean'], changed);
    expect([drifted.status, drifted.stdout]).toEqual([
      9,
      expect.stringMatching(/transaction\.ingest +retention\.ms +9 days +7 days +nothing \(/),
    ]);
    expect(await json('topics', 'plan', '--require-clean')).toMatchObject({ bus: 'embedded', drift: [] });
    expect(await ok('topics', 'acls', '--command-config', "it's")).toContain(" --command-config 'it'\\''s'\n");
  });

  it('verify what is stored and what was done, and rotate data keys', { timeout: 120_000 }, async () => {
    const { data_keys: before } = await json('data-keys', 'status');
    const { data_keys: after } = await json('data-keys', 'rotate', '--now');
    expect(before).toMatchObject([{ key_id: 1, state: 'active' }]);
    expect(after).toMatchObject([
      { key_id: 1, state: 'retired', batches: 0 },
      { key_id: 2, state: 'active' },
    ]);
    expect(await ok('data-keys', 'list')).toMatch(/^KEY +STATE/);
    expect(await json('integrity', 'sweep')).toMatchObject({ swept: true, intact: true, findings: [] });
    const { public_key: key } = await json('audit', 'public-key');
    // The server takes what was done into the ledger, and anchors it, by and by.
    const settled = () => json('audit', 'verify').then(({ entries, pending, found }) => ({ entries, pending, found }));
    await expect.poll(settled, { timeout: 60_000, interval: 1_000 }).toMatchObject({ pending: 0, found: 0 });
    const trail = join(dir, 'trail.ndjson');
    await ok('audit', 'export', '--output', trail);
    const verifier = resolve(import.meta.dirname, '../../../scripts/verify-audit-export.mjs');
    const checked = await runProgram(process.execPath, [verifier, trail, '--public-key', String(key)], {
      environment: {},
    });
    expect([checked.status, checked.stdout]).toEqual([0, expect.stringMatching(/^intact: \d+ entries/)]);

    const pool = createPool({ dsn: embeddedDsn(join(dir, 'data')), applicationName: 'sdp-test' });
    const client = await pool.connect();
    await client.query('SET session_replication_role = replica');
    await client.query("UPDATE audit_event SET actor_id = 'nobody' WHERE action = 'data-key.created'");
    client.release(true);
    await pool.end();
    const { status, stdout, stderr } = await run(['audit', 'verify']);
    expect(status).toBe(6);
    expect(stdout).toMatch(/audit_event +\d+ +row-edited/);
    expect(stderr).toContain('a row was changed after the ledger had taken it');
  });
});
