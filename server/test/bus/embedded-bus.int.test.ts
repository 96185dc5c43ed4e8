import { startTestDatabase } from '../../../test/support/postgres.ts';
import { testBusContract } from './bus-contract.ts';

testBusContract('the embedded bus', async () => {
  const database = await startTestDatabase();
  const url = new URL(database.dsn);
  return {
    address: { kind: 'embedded', dsn: database.dsn },
    effectsDsn: database.dsn,
    throughProxy: {
      target: Number(url.port || 5432),
      listen: 0,
      address: (port) => {
        const proxied = new URL(database.dsn);
        proxied.hostname = '127.0.0.1';
        proxied.port = String(port);
        return { kind: 'embedded', dsn: proxied.href };
      },
    },
    stop: () => database.stop(),
  };
});
