import { createPool, withTransaction } from '../../src/database/index.ts';
import { type BusAddress, openBus } from './bus-address.ts';
import { CountingStage } from './counting-stage.ts';

/** Steps of a batch at which a process can be killed. */
export type StageFault = 'in-handler' | 'in-write' | 'after-write' | 'after-store';

/** A member of a stage that kills itself in the middle of a batch, or stands still for longer than its membership lasts. */
export interface StageDoom {
  readonly address: BusAddress;
  readonly effectsDsn: string;
  readonly topic: string;
  readonly output: string;
  readonly group: string;
  /** In the first batch that brings so many messages to what was handled. */
  readonly afterMessages: number;
  readonly fault: StageFault | { readonly standStillMs: number };
}

const doom = JSON.parse(process.argv[2] ?? '') as StageDoom;
const { fault, group } = doom;
const pool = createPool({ dsn: doom.effectsDsn, applicationName: 'sdp-test-doomed' });
const stage = new CountingStage(doom.output);
let handled = 0;
let isTime = false;
const reached = (point: StageFault) => {
  if (isTime && fault === point) process.kill(process.pid, 'SIGKILL');
};

await openBus(doom.address).runStage({
  ...stage.options(doom.topic, group),
  maxBatchMessages: 10,
  handler: async ({ messages }) => {
    // The batch before is stored by now.
    reached('after-store');
    handled += messages.length;
    isTime = handled >= doom.afterMessages;
    const result = stage.work(messages);
    reached('in-handler');
    if (isTime && typeof fault === 'object') {
      process.send?.('still');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fault.standStillMs);
      isTime = false;
      handled = Number.NEGATIVE_INFINITY;
    }
    const ids = messages.map(({ headers }) => Number(headers['id']));
    return {
      ...result,
      write: async (tx) => {
        await tx.query(
          `WITH fresh AS (INSERT INTO handled SELECT $1, unnest($2::int[]) ON CONFLICT DO NOTHING RETURNING event_id)
           INSERT INTO effect SELECT $1, event_id FROM fresh`,
          [group, ids],
        );
        reached('in-write');
      },
    };
  },
  inTransaction: async (work) => {
    await withTransaction(pool, (client) => work(client));
    reached('after-write');
  },
});
process.send?.('running');
