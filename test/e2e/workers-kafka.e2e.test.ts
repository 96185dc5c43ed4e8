import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/src/database/index.ts';
import { takeBrokerTurn } from '../support/broker-turn.ts';
import { mergeArgs, tokenizeCustomers, uploadArgs } from '../support/customers.ts';
import { startTestKafka } from '../support/kafka.ts';
import { Product, type ProductServer } from '../support/product.ts';

const kafka = await startTestKafka();
if ('brokers' in kafka) afterAll(await takeBrokerTurn());
const rows = 20_000;

describe.skipIf('skipped' in kafka)('API and workers apart, on Kafka and a PostgreSQL of their own', () => {
  const product = Product.create();
  let database: EmbeddedPostgres;
  let server: ProductServer;
  let environment: Record<string, string>;

  beforeAll(async () => {
    database = await startEmbeddedPostgres({ dataDir: product.path('database') });
    environment = {
      DB_DSN_FILE: product.writeSecret('dsn', database.dsn),
      KAFKA_BROKERS: 'brokers' in kafka ? kafka.brokers.join(',') : '',
    };
    server = await product.startServer({ environment }, ['api']);
  });
  afterAll(async () => {
    await product.stop();
    await database?.stop();
    await product.remove();
    if ('brokers' in kafka) await kafka.stop();
  });

  const statusOf = async (batchId: string) =>
    (await product.sdpJson(['batch-status', '--batch-id', batchId, '--server-url', server.url]))['status'];

  it('a batch waits for its worker, survives its death, and is finished by the next', {
    timeout: 120_000,
  }, async () => {
    await tokenizeCustomers(product, 'customers', rows);
    const upload = uploadArgs(product, server.url, 'customers.tok.csv');
    const batchId = String((await product.sdpJson(upload))['batch_id']);
    expect(await statusOf(batchId)).toBe('RECEIVED');

    const doomed = product.startWorker(['worker', '--role', 'scoring'], { environment });
    for (const deadline = Date.now() + 60_000; (await statusOf(batchId)) === 'RECEIVED'; ) {
      if (Date.now() > deadline) throw new Error('the worker did not take the batch');
    }
    doomed.kill('SIGKILL');
    await doomed.ended;
    product.startWorker(['worker', '--role', 'scoring'], { environment });
    expect(await product.sdpJson([...upload, '--wait'])).toMatchObject({ batch_id: batchId, status: 'PROCESSED' });
    const merged = await product.sdpJson([
      ...mergeArgs(server.url, batchId, 'customers.csv', 'merged.csv'),
      '--strict',
    ]);
    expect(merged).toMatchObject({ rows, matched: rows, repeated_results: 0 });
  });
});
