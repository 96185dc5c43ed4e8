import { testSecureMessaging } from '../../../shared/test/messaging/secure-suite.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { openBus } from './bus-address.ts';

testSecureMessaging('secure messaging on the embedded bus', async () => {
  const database = await startTestDatabase();
  const bus = openBus({ kind: 'embedded', dsn: database.dsn });
  return {
    bus,
    stop: async () => {
      await bus.close();
      await database.stop();
    },
  };
});
