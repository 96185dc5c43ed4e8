import { MemoryBus } from '../../../test/support/memory-bus.ts';
import { testSecureStage } from './stage-suite.ts';

testSecureStage('a secure stage in memory', async () => {
  const bus = new MemoryBus();
  return { bus, stop: () => bus.close() };
});
