import { afterAll, describe, it } from 'vitest';
import { takeBrokerTurn } from '../support/broker-turn.ts';
import { startTestKafka } from '../support/kafka.ts';
import { describeLeakTests } from './leak-suite.ts';

const kafka = await startTestKafka();
if ('brokers' in kafka) afterAll(await takeBrokerTurn());

if ('skipped' in kafka) {
  describe.skip('leak test: a full run with API and worker apart on Kafka', () =>
    it('needs a broker', () => undefined));
} else {
  afterAll(() => kafka.stop());
  describeLeakTests('leak test: a full run with API and worker apart on Kafka', async () => kafka.brokers);
}
