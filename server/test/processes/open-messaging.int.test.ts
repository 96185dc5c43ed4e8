import { generateKey } from '@sdp/shared/crypto';
import { deriveMessageKeys, KeyRing, SecureConsumer, SecurityManager } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchReceivedContract } from '../../src/batches/index.ts';
import { createProcessors, workerRoleOf } from '../../src/processes/processing-types.ts';
import { eventually } from '../bus/eventually.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

describe('messaging of a running server', () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startServer({ roles: ['anomaly'] });
  }, 240_000);
  afterAll(() => server?.stop());

  const upload = async () => {
    const records = Array.from({ length: 20 }, (_, i) => ({ id: `tok_${String(i).padStart(32, '0')}`, amount: i }));
    const body = { client_id: 'acme', processing_type: 'anomaly_detection', records };
    const response = await server.fetch('/api/v1/process', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.clone().text()).toBe(200);
    return ((await response.json()) as { batch_id: string }).batch_id;
  };
  const statusOf = async (batchId: string) =>
    ((await (await server.fetch(`/api/v1/batches/${batchId}`)).json()) as { status: string }).status;
  const audit = async () =>
    (
      await server.platform.pool.query<{ action: string; code: string | null; messages: number }>(
        'SELECT * FROM message_audit',
      )
    ).rows;

  it('takes a batch from upload to results over sealed messages alone', async () => {
    const batchId = await upload();
    await eventually('the batch is processed', async () => (await statusOf(batchId)) === 'PROCESSED');
    const { rows } = await server.platform.pool.query<{ value: Buffer; key: string }>(
      "SELECT key, value FROM bus_log WHERE topic = 'batch.anomaly_detection'",
    );
    expect(rows.map(({ key }) => key)).toContain(batchId);
    for (const { value } of rows) {
      expect(value.subarray(0, 4).toString('latin1')).toBe('SDPE');
      expect(value.includes('acme')).toBe(false);
    }
    const metrics = await (await server.fetch('/metrics')).text();
    expect(metrics).toMatch(/sdp_messages_sent_total\{topic="batch.anomaly_detection"\} [1-9]/);
    expect(metrics).toMatch(/sdp_messages_received_total\{topic="batch.anomaly_detection"\} [1-9]/);
  });

  it('refuses what a stranger puts on the bus, and has a row, a metric and a log line for it', async () => {
    const topic = 'batch.anomaly_detection';
    const key = '00000000-0000-4000-8000-000000000000';
    await server.platform.bus.publish(topic, [{ key, value: Buffer.from('{"client_id":"acme"}') }]);
    await eventually('it has its row', async () => (await audit()).some(({ code }) => code === 'message-plaintext'));
    const metrics = await (await server.fetch('/metrics')).text();
    expect(metrics).toContain(`sdp_messages_refused_total{topic="${topic}",code="message-plaintext"} 1`);
    await eventually('it is logged', async () => server.log.some((line) => line.includes('message-plaintext')));
    expect(server.log.join('\n')).not.toContain('client_id\\"');
  });

  it('tells in readiness when a consumer stands still', async () => {
    const dependencies = async () =>
      ((await (await server.fetch('/readyz')).json()) as { dependencies: Record<string, { status: string }> })
        .dependencies;
    expect((await dependencies())['messages']).toEqual({ status: 'up' });
    let status: 'ok' | 'stalled' = 'stalled';
    server.platform.messaging.watch(() => ({ status }));
    expect((await dependencies())['messages']).toEqual({ status: 'down' });
    status = 'ok';
    expect((await dependencies())['messages']).toEqual({ status: 'up' });
  });

  it('counts in the database what its key has sealed', async () => {
    const { rows } = await server.platform.pool.query('SELECT key_id FROM message_key_usage');
    expect(rows).toHaveLength(1);
    expect(rows[0].key_id).toMatch(/^e1\./);
  });

  it('keeps the group of each worker where the resender looks for it', async () => {
    const { processors, close } = await createProcessors();
    const pairs = processors.map(({ processingType, role }) => [processingType, role]);
    await close();
    expect(Object.fromEntries(pairs)).toEqual(workerRoleOf);
  });

  it('is read by nobody with another key', async () => {
    const keys = new KeyRing(deriveMessageKeys(generateKey(), { party: 'sdp-server', generation: 1 }));
    const consumer = new SecureConsumer({
      bus: server.platform.bus,
      group: 'sdp-stranger',
      security: new SecurityManager({ keys }),
      staleAfterMs: 3_600_000,
    });
    consumer.subscribe({ topic: 'batch.anomaly_detection', contracts: [batchReceivedContract] });
    const codes: string[] = [];
    let handled = 0;
    consumer.on('deadLetter', ({ reason }) => void codes.push(reason.code));
    await consumer.run(async () => void handled++);
    await eventually('all are refused', () => codes.includes('message-key-unknown'));
    await consumer.close();
    expect(handled).toBe(0);
  });
});
