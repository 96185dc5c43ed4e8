import { generateKey } from '@sdp/shared/crypto';
import { UnavailableError } from '@sdp/shared/errors';
import { deriveMessageKeys, KeyRing, MessageSealer, readContext, SecurityManager } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../test/support/memory-bus.ts';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { createIngestLog } from '../../src/transactions/intake/ingest-log.ts';
import { TransactionIntake } from '../../src/transactions/intake/transaction-intake.ts';
import { startUnpublishedSweeper } from '../../src/transactions/intake/unpublished-sweeper.ts';
import { aTransaction } from './support/pipeline.ts';

let database: TestDatabase;
let pool: Pool;
let bus: MemoryBus;
const security = new SecurityManager({
  keys: new KeyRing(deriveMessageKeys(generateKey(), { party: 'test', generation: 1 })),
});
const topic = 'transaction.ingest';

beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});
beforeEach(async () => {
  bus = new MemoryBus();
  await bus.ensureTopic(topic, 1);
});

function intake() {
  const log = createIngestLog(pool, bus, () => undefined);
  const sealer = new MessageSealer({ security });
  return {
    log,
    submit: (id: string) =>
      new TransactionIntake({ pool, log, sealer, digest: () => Buffer.alloc(32, 1), maxWaiting: 100 }).submit([
        { clientId: 'acme', transaction: aTransaction({ transaction_id: id }) },
      ]),
  };
}

const sweep = () =>
  startUnpublishedSweeper({ pool, bus, security, logger: pino({ level: 'silent' }), ageMs: 0, everyMs: 10 });
const waiting = async () => (await pool.query('SELECT transaction_id FROM transaction_unpublished')).rows;
const published = () =>
  (bus.messages(topic)[0] ?? []).map((message) => {
    const { plaintext } = security.open(readContext(message), message.value);
    return JSON.parse(plaintext.toString()).transaction.transaction_id;
  });

describe('on a bus that is not in the database, a transaction', () => {
  it('is kept until the bus has it, and no longer', async () => {
    const { log, submit } = intake();
    expect(await submit('kept-1')).toEqual([{ kind: 'new', receivedAt: expect.any(Date) }]);
    expect(published()).toEqual(['kept-1']);
    await log.drained();
    expect(await waiting()).toEqual([]);
  });

  it('is published by a sweeper where its process could not, sealed anew, once', async () => {
    const { submit } = intake();
    bus.publishFails = () => new UnavailableError('bus-unavailable');
    await expect(submit('swept-1')).rejects.toThrow(UnavailableError);
    expect(await waiting()).toEqual([{ transaction_id: 'swept-1' }]);
    const sweepers = [sweep(), sweep()];
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(published()).toEqual([]);
    bus.publishFails = undefined;
    await expect.poll(published).toEqual(['swept-1']);
    await Promise.all(sweepers.map((sweeper) => sweeper.close()));
    expect([published(), await waiting()]).toEqual([['swept-1'], []]);
    // The sender comes again: it is known, and nothing is published twice.
    expect((await submit('swept-1'))[0]).toMatchObject({ kind: 'repeat' });
    expect(published()).toEqual(['swept-1']);
  });
});
