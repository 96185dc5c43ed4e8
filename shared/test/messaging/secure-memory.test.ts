import { MemoryBus } from '../../../test/support/memory-bus.ts';
import { testSecureMessaging } from './secure-suite.ts';

testSecureMessaging('secure messaging in memory', async () => {
  const bus = new MemoryBus();
  return { bus, stop: () => bus.close() };
});
