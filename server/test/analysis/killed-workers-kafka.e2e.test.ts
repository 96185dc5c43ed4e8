import { afterAll, beforeAll, describe } from 'vitest';
import { takeBrokerTurn } from '../../../test/support/broker-turn.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { killSuite } from './support/kill-suite.ts';

const kafka = await startTestKafka();

describe.skipIf('skipped' in kafka)('analysis on Kafka', () => {
  let giveBack: (() => void) | undefined;
  beforeAll(async () => {
    giveBack = await takeBrokerTurn();
  }, 310_000);
  afterAll(() => giveBack?.());

  killSuite(() => ('brokers' in kafka ? kafka.brokers : undefined));
});
