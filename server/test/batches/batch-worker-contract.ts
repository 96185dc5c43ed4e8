import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { generateKey, generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { InputError } from '@sdp/shared/errors';
import {
  type BusPort,
  deadLetterTopic,
  deriveMessageKeys,
  KeyRing,
  MessageSealer,
  SecurityManager,
} from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  type BatchInspector,
  type BatchProcessor,
  createBatchAnnouncer,
  createBatchRunner,
  type StoredBatch,
  startBatchResender,
  startBatchWorker,
} from '../../src/batches/index.ts';
import { enqueue, type OutboxRelay, PostgresAppliedEvents, startOutboxRelay } from '../../src/bus/index.ts';
import { createQualityInspector, createQualityStore } from '../../src/quality/index.ts';
import { readResults } from '../../src/records/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from '../bus/assert-ids.ts';
import { type BusAddress, openBus } from '../bus/bus-address.ts';
import { eventually, gate } from '../bus/eventually.ts';
import type { DoomedWorker } from './doomed-worker.ts';
import {
  countingProcessor,
  openStorage,
  processingType,
  receiveBatch,
  recordCount,
  type Storage,
  steps,
  topic,
} from './worker-fixture.ts';

const quickRetry = { maxAttempts: 3, initialDelayMs: 5, maxDelayMs: 20 };
const logger = pino({ level: 'silent' });

/** The batch worker on either bus: whatever happens, each batch ends once, with all its results or none. */
export function testBatchWorker(name: string, addressOf: (dsn: string) => BusAddress): void {
  describe(`the batch worker on ${name}`, () => {
    const masterKey = generateMasterKeyText();
    let database: TestDatabase;
    let storage: Storage;
    let address: BusAddress;
    let bus: BusPort;
    let relay: OutboxRelay;
    let opened: { close(): Promise<void> }[] = [];

    beforeAll(async () => {
      database = await startTestDatabase();
      address = addressOf(database.dsn);
      storage = await openStorage(database.dsn, masterKey);
      bus = openBus(address);
      await bus.ensureTopic(topic, 4);
      relay = startOutboxRelay({ pool: storage.pool, bus, logger, pollMs: 50 });
    }, 240_000);
    afterAll(async () => {
      await relay?.close(5_000);
      await bus?.close();
      await storage?.pool.end();
      await database?.stop();
    });
    afterEach(async () => {
      for (const one of opened.reverse()) await one.close();
      opened = [];
    });

    const runnerOf = (processor: BatchProcessor, inspector?: BatchInspector) =>
      createBatchRunner({ ...storage, processors: [processor], inspector });
    const startWorker = async (
      processor: BatchProcessor = countingProcessor(),
      on = bus,
      security = storage.security,
      inspector?: BatchInspector,
    ) => {
      const runner = runnerOf(processor, inspector);
      const messaging = { security, applied: new PostgresAppliedEvents(storage.pool) };
      const options = { bus: on, ...storage, runner, processors: [processor], messaging, logger, retry: quickRetry };
      const worker = await startBatchWorker(options);
      opened.push(worker);
      return worker;
    };
    const load = async (batchId: string): Promise<StoredBatch> => {
      const batch = await storage.store.load(batchId);
      if (batch === undefined) throw new Error('the batch is gone');
      return batch;
    };
    const becomes = async (batchId: string, status: StoredBatch['status']) => {
      await eventually(`the batch is ${status}`, async () => (await load(batchId)).status === status);
      return load(batchId);
    };
    const resultSeqs = async (batch: StoredBatch): Promise<number[]> => {
      const seqs: number[] = [];
      const scope = await storage.store.scopeOf(batch);
      for await (const results of readResults(storage.pool, scope, recordCount))
        seqs.push(...results.map(({ seq }) => seq));
      return seqs;
    };
    const expectComplete = async (batch: StoredBatch) => {
      expect(batch).toMatchObject({
        status: 'PROCESSED',
        processedRecords: recordCount,
        counts: { scored: recordCount },
        modelVersion: 'counting-1',
        reason: null,
      });
      expect(batch.finishedAt).toBeInstanceOf(Date);
      const seqs = await resultSeqs(batch);
      assertNoDuplicateIds(seqs);
      assertContiguousIds(
        seqs.map((seq) => seq - 1),
        recordCount,
      );
    };
    const resultCount = async (batchId: string): Promise<number> => {
      const sql = 'SELECT count(*)::int AS n FROM processed_result WHERE batch_id = $1';
      return (await storage.pool.query<{ n: number }>(sql, [batchId])).rows[0]?.n ?? -1;
    };

    it('brings a batch from RECEIVED to PROCESSED with all its results', async () => {
      const batchId = await receiveBatch(storage);
      expect((await load(batchId)).status).toBe('RECEIVED');
      await startWorker();
      await expectComplete(await becomes(batchId, 'PROCESSED'));
      await eventually('the message is settled', () => isSettled(bus));
    });

    it.each(steps)('finishes the batch once when a worker is killed: %s', async (dieAt) => {
      const batchIds = [await receiveBatch(storage), await receiveBatch(storage)];
      const doomed: DoomedWorker = { address, dsn: database.dsn, masterKey, dieAt };
      expect(await runDoomed(doomed)).toBe('SIGKILL');
      for (const batchId of batchIds) {
        const { status } = await load(batchId);
        // Either nothing of it is visible or all.
        expect(await resultCount(batchId)).toBe(status === 'PROCESSED' ? recordCount : 0);
      }
      await startWorker();
      for (const batchId of batchIds) await expectComplete(await becomes(batchId, 'PROCESSED'));
      await eventually('the messages are settled', () => isSettled(bus));
    });

    it('lets one of two workers win that have the same batch', async () => {
      const batchId = await receiveBatch(storage);
      const both = [gate(), gate()];
      // Each holds its results back until the other has begun too.
      const runs = both.map((mine, i) =>
        runnerOf({
          ...countingProcessor(),
          process: async (input, emit) => {
            mine.open();
            await both[1 - i]?.opened;
            return countingProcessor().process(input as never, emit);
          },
        }).run(batchId),
      );
      for (const batch of await Promise.all(runs)) await expectComplete(batch);
    });

    it('does nothing with a batch that is processed already', async () => {
      const batchId = await receiveBatch(storage);
      const first = await runnerOf(countingProcessor()).run(batchId);
      let begun = 0;
      const again = await runnerOf({
        ...countingProcessor(),
        process: async () => Promise.reject(new Error(`${begun++}`)),
      }).run(batchId);
      expect(again).toEqual(first);
      expect(begun).toBe(0);
      await startWorker();
      await eventually('the message is settled', () => isSettled(bus));
      expect(await load(batchId)).toEqual(first);
    });

    it('quarantines a batch whose data is not as expected, with its report, and computes nothing', async () => {
      const store = createQualityStore(parseMasterKey(masterKey));
      const appliesTo = { clients: undefined, processingTypes: undefined, columns: ['amount'] };
      const range = { expect: 'range', column: 'amount', min: 1, max: recordCount - 1, severity: 'error' } as const;
      const tables = [{ sourceTable: 'points', appliesTo, expectations: [{ ...range, tolerance: 0 }] }];
      const inspector = createQualityInspector({ pool: storage.pool, store, tables });
      let begun = 0;
      const processor: BatchProcessor = {
        ...countingProcessor(),
        process: () => Promise.reject(new Error(`${begun++}`)),
      };
      const batchId = await receiveBatch(storage);
      await startWorker(processor, bus, storage.security, inspector);
      const batch = await becomes(batchId, 'QUARANTINED');
      expect(batch).toMatchObject({ processedRecords: 0, reason: { code: 'batch-quarantined' } });
      expect([begun, await resultCount(batchId)]).toEqual([0, 0]);
      const report = await store.find(storage.pool, batchId);
      expect(report?.expectations[0]).toMatchObject({ passed: false, failed: 1, records: [recordCount] });
      await eventually('the message is settled', () => isSettled(bus));
      // A second delivery finds it at its end.
      expect(await runnerOf(processor, inspector).run(batchId)).toEqual(batch);
    });

    it('fails a batch at once that cannot be processed as asked', async () => {
      const batchId = await receiveBatch(storage);
      let attempts = 0;
      await startWorker({
        processingType,
        role: 'anomaly',
        process: async (input, emit) => {
          attempts++;
          // Also after results have been written: they are not to be seen.
          await countingProcessor().process(input as never, emit);
          throw new InputError('batch-unprocessable', { message: 'There is no numeric column' });
        },
      });
      const batch = await becomes(batchId, 'FAILED');
      expect(batch).toMatchObject({
        reason: { code: 'batch-unprocessable', message: 'There is no numeric column' },
        processedRecords: 0,
        counts: {},
        modelVersion: null,
      });
      expect(attempts).toBe(1);
      expect(await resultCount(batchId)).toBe(0);
      await eventually('the message is settled', () => isSettled(bus));
    });

    it('fails a batch whose records were tampered with', async () => {
      const batchId = await receiveBatch(storage);
      await storage.pool.query(
        'UPDATE tokenized_record SET sha256 = decode(repeat($2, 32), $3) WHERE batch_id = $1 AND seq = 99',
        [batchId, '00', 'hex'],
      );
      await startWorker();
      expect((await becomes(batchId, 'FAILED')).reason?.code).toBe('record-tampered');
      expect(await resultCount(batchId)).toBe(0);
    });

    it('retries a defect, then fails the batch and keeps the message as a dead letter', async () => {
      const batchId = await receiveBatch(storage);
      let attempts = 0;
      await startWorker({
        processingType,
        role: 'anomaly',
        process: async () => {
          attempts++;
          throw new Error('secret cell value');
        },
      });
      const batch = await becomes(batchId, 'FAILED');
      expect(batch.reason).toEqual({ code: 'internal', message: 'Something went wrong inside SDP' });
      expect(attempts).toBe(quickRetry.maxAttempts);
      expect((await deadLetters()).map(({ key }) => key)).toContain(batchId);
    });

    it('recovers when a retry helps', async () => {
      const batchId = await receiveBatch(storage);
      let attempts = 0;
      await startWorker({
        processingType,
        role: 'anomaly',
        process: async (input, emit) => {
          const summary = await countingProcessor().process(input as never, emit);
          if (++attempts < 3) throw new Error('not yet');
          return summary;
        },
      });
      await expectComplete(await becomes(batchId, 'PROCESSED'));
    });

    it('refuses results that leave a record out', async () => {
      const batchId = await receiveBatch(storage);
      await startWorker({
        processingType,
        role: 'anomaly',
        process: async (input, emit) => {
          for await (const { rows } of input.readRecords()) {
            const seq = 1;
            await emit([
              { seq, key: rows[0]?.[0] ?? null, status: 'scored', score: 0, is_anomaly: false, columns: [] },
            ]);
            break;
          }
          return { modelVersion: 'x', counts: {} };
        },
      });
      await becomes(batchId, 'FAILED');
      expect(await resultCount(batchId)).toBe(0);
    });

    const becomesLetter = (key: string, code: string) =>
      eventually('it is a dead letter', async () =>
        (await deadLetters()).some((letter) => letter.key === key && letter.code === code),
      );
    const announce = () => createBatchAnnouncer(new MessageSealer({ security: storage.security }), enqueue);
    const startResender = (afterMs: number) => {
      const resender = startBatchResender({
        ...{ ...storage, bus, logger, afterMs, announce: announce() },
        intervalMs: 3_600_000,
        groupOf: () => 'sdp-anomaly',
        wakeRelay: relay.wake,
      });
      opened.push(resender);
      return resender;
    };

    it.each([
      ['is no JSON', '{'],
      ['an older version wrote', '{"type":"batch.received"}'],
    ])('refuses a message that %s, and has the batch told of anew', async (_, text) => {
      const batchId = await receiveBatch(storage, { value: Buffer.from(text) });
      await startWorker();
      await becomesLetter(batchId, 'message-plaintext');
      expect((await load(batchId)).status).toBe('RECEIVED');
      const resender = startResender(1);
      await eventually('its message is sent again', async () => (await resender.look()) > 0);
      await expectComplete(await becomes(batchId, 'PROCESSED'));
    });

    it('lets nobody fail a batch by a message that cannot be trusted', async () => {
      const batchId = await receiveBatch(storage);
      await bus.publish(topic, [{ key: batchId, value: Buffer.from('{}') }]);
      await startWorker();
      await expectComplete(await becomes(batchId, 'PROCESSED'));
      await becomesLetter(batchId, 'message-plaintext');
    });

    it('tells of no batch anew whose message waits, and less and less often of one whose message is refused', async () => {
      const batchId = await receiveBatch(storage);
      const resender = startResender(10_000);
      const ageBy = (seconds: number) =>
        storage.pool.query(
          // When it was received is protected by its digest.
          `UPDATE processing_batch SET resent_at = coalesce(resent_at, received_at) - $1 * interval '1 second'
            WHERE batch_id = $2`,
          [seconds, batchId],
        );
      await eventually('its message is on the bus', async () => !(await isSettled(bus)));
      await eventually(
        'the outbox is empty',
        async () => (await storage.pool.query('SELECT 1 FROM outbox')).rowCount === 0,
      );
      await ageBy(80);
      expect(await resender.look()).toBe(0);
      const stranger = new SecurityManager({
        keys: new KeyRing(deriveMessageKeys(generateKey(), { party: 'sdp-server', generation: 1 })),
      });
      const mistaken = await startWorker(countingProcessor(), bus, stranger);
      await becomesLetter(batchId, 'message-key-unknown');
      await eventually('the message is settled', () => isSettled(bus));
      expect(await resender.look()).toBe(1);
      await eventually('that is refused, too', async () => isSettled(bus));
      expect(await resender.look()).toBe(0);
      await ageBy(15);
      expect(await resender.look()).toBe(0);
      await ageBy(10);
      expect(await resender.look()).toBe(1);
      await mistaken.close();
      await ageBy(3_600);
      await startWorker();
      await eventually('it is told of again', async () => {
        await resender.look();
        return (await load(batchId)).status === 'PROCESSED';
      });
    });

    it.each([
      ["for another client's batch", { message: { client_id: 'mallory' }, tenant: 'mallory' }],
      ['for another client than it was sealed for', { tenant: 'mallory' }],
      ['of another event than its own', { message: { event_id: randomUUID() } }],
    ])('does not let a message speak %s', async (_, options) => {
      const batchId = await receiveBatch(storage, { clientId: 'acme', ...options });
      await startWorker();
      await becomesLetter(batchId, 'message-tampered');
      expect((await load(batchId)).status).toBe('RECEIVED');
    });

    it('hands a batch back when it is shut down, and another worker finishes it', async () => {
      const batchId = await receiveBatch(storage);
      const begun = gate();
      const other = openBus(address);
      const worker = await startWorker(
        {
          processingType,
          role: 'anomaly',
          process: async (input, emit) => {
            begun.open();
            await once(input.signal, 'abort');
            return countingProcessor().process(input as never, emit);
          },
        },
        other,
      );
      await begun.opened;
      await worker.close(1);
      await other.close();
      expect((await load(batchId)).status).toBe('PROCESSING');
      expect(await resultCount(batchId)).toBe(0);
      await startWorker();
      await expectComplete(await becomes(batchId, 'PROCESSED'));
    });

    const isSettled = async (on: BusPort) =>
      (await storage.pool.query('SELECT 1 FROM outbox')).rowCount === 0 &&
      (await on.lag(topic, 'sdp-anomaly')).every(({ lag }) => lag === 0n);

    const deadLetters = async () => {
      const letters: { key: string; code: string | undefined }[] = [];
      const ends = (await bus.lag(deadLetterTopic(topic), randomUUID())).reduce((sum, { lag }) => sum + Number(lag), 0);
      const reader = await bus.consume({
        topic: deadLetterTopic(topic),
        group: randomUUID(),
        handler: async ({ message }) =>
          void letters.push({ key: message.key, code: message.headers['x-sdp-dead-letter-code'] }),
      });
      await eventually('the dead letters are read', () => letters.length >= ends);
      await reader.close();
      return letters;
    };
  });
}

async function runDoomed(doomed: DoomedWorker): Promise<string | null> {
  const script = fileURLToPath(new URL('./doomed-worker.ts', import.meta.url));
  const args = ['--conditions=sdp-source', script, JSON.stringify(doomed)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal;
}
