import { describeLeakTests } from './leak-suite.ts';

describeLeakTests('leak test: a full run on the embedded database and bus', async () => undefined);
