import { testSecureMessaging } from '../../../shared/test/messaging/secure-suite.ts';
import { testSecureStage } from '../../../shared/test/messaging/stage-suite.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { openBus } from './bus-address.ts';
import { testSecureCrashes } from './secure-crash-suite.ts';

const start = async () => {
  const database = await startTestDatabase();
  const bus = openBus({ kind: 'embedded', dsn: database.dsn });
  return {
    bus,
    stop: async () => {
      await bus.close();
      await database.stop();
    },
  };
};

testSecureMessaging('secure messaging on the embedded bus', start);
testSecureStage('a secure stage on the embedded bus', start);

testSecureCrashes('secured effects on the embedded bus', async () => {
  const database = await startTestDatabase();
  const { dsn } = database;
  return { address: { kind: 'embedded', dsn }, dsn, stop: () => database.stop() };
});
