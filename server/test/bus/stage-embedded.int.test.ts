import { startTestDatabase } from '../../../test/support/postgres.ts';
import { openBus } from './bus-address.ts';
import { type StageContractOptions, testStageContract } from './stage-contract.ts';

const options: StageContractOptions = {
  outputsOnce: true,
  sharesPartitions: true,
  faults: ['in-handler', 'in-write', 'after-store'],
};

testStageContract('stages on the embedded bus', options, async () => {
  const database = await startTestDatabase();
  const url = new URL(database.dsn);
  return {
    address: { kind: 'embedded', dsn: database.dsn },
    open: () => openBus({ kind: 'embedded', dsn: database.dsn }),
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
