import { testBatchWorker } from './batch-worker-contract.ts';

testBatchWorker('the embedded bus', (dsn) => ({ kind: 'embedded', dsn }));
