import type { BusPort, ConsumeOptions } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { type BatchStore, createBatchRunner, startBatchWorker } from '../../src/batches/index.ts';
import { PostgresAppliedEvents } from '../../src/bus/index.ts';
import { type BusAddress, openBus } from '../bus/bus-address.ts';
import { countingProcessor, openStorage, type Reached, type Step } from './worker-fixture.ts';

/** A batch worker that is killed when it reaches a step: `kill -9` by its own hand, so that the moment is exact. */
export interface DoomedWorker {
  readonly address: BusAddress;
  readonly dsn: string;
  readonly masterKey: string;
  readonly dieAt: Step;
}

const { address, dsn, masterKey, dieAt } = JSON.parse(process.argv[2] ?? '') as DoomedWorker;
const reached: Reached = (step) => {
  if (step === dieAt) process.kill(process.pid, 'SIGKILL');
};

const { pool, store, roots, security } = await openStorage(dsn, masterKey);
const processors = [countingProcessor(reached)];
const watched = watchStore(store);
const runner = createBatchRunner({ pool, store: watched, roots, processors, onFinished: () => reached('committed') });
const logger = pino({ level: 'silent' });
const applied = new PostgresAppliedEvents(pool);
const messaging = { security, applied };
await startBatchWorker({
  bus: watchBus(openBus(address)),
  pool,
  store: watched,
  runner,
  processors,
  messaging,
  logger,
});

function watchStore(inner: BatchStore): BatchStore {
  return {
    ...inner,
    load: async (batchId) => {
      const batch = await inner.load(batchId);
      reached('batch loaded');
      return batch;
    },
    markProcessing: async (db, batchId) => {
      const marked = await inner.markProcessing(db, batchId);
      reached('marked as processing');
      return marked;
    },
    markProcessed: async (tx, batch, summary) => {
      await inner.markProcessed(tx, batch, summary);
      reached('marked as processed');
    },
  };
}

function watchBus(inner: BusPort): Pick<BusPort, 'consume'> & BusPort {
  const consume = inner.consume.bind(inner);
  inner.consume = (options: ConsumeOptions) =>
    consume({
      ...options,
      handler: async (delivery) => {
        reached('message taken');
        await options.handler({
          ...delivery,
          settleIn: async (transaction) => {
            await delivery.settleIn(transaction);
            reached('offset settled');
          },
        });
      },
    });
  return inner;
}
