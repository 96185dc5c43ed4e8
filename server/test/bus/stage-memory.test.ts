import { MemoryBus } from '../../../test/support/memory-bus.ts';
import { testStageContract } from './stage-contract.ts';

testStageContract(
  'stages on the bus in memory',
  { outputsOnce: true, sharesPartitions: false, faults: [] },
  async () => ({
    open: () => new MemoryBus(),
    stop: async () => undefined,
  }),
);
