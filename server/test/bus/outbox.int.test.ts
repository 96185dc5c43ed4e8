import { testOutbox } from './outbox-contract.ts';

testOutbox('the embedded bus', (dsn) => ({ kind: 'embedded', dsn }), false);
