import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { ControlConnection } from '../../src/bus/embedded/control-connection.ts';
import { openBus } from './bus-address.ts';
import { testGivenUp } from './given-up-contract.ts';

testGivenUp('partitions of the embedded bus whose renewals were answered too late', async () => {
  const database = await startTestDatabase();
  return {
    bus: openBus({ kind: 'embedded', dsn: database.dsn }),
    effectsDsn: database.dsn,
    deafen: () => {
      let isDeaf = true;
      const query = ControlConnection.prototype.query;
      const spy = vi.spyOn(ControlConnection.prototype, 'query');
      spy.mockImplementation(async function (this: ControlConnection, text, values) {
        const answer = await query.call(this, text, values);
        // The database has renewed the leases; that it did comes to nobody's ears.
        while (isDeaf && text.includes('bus_member')) await sleep(10);
        return answer as never;
      });
      return () => {
        isDeaf = false;
        spy.mockRestore();
      };
    },
    stop: () => database.stop(),
  };
});
