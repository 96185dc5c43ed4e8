import { afterAll, beforeAll, describe } from 'vitest';
import { takeBrokerTurn } from '../../../test/support/broker-turn.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { disturbanceSuite } from './support/disturbance-suite.ts';

const kafka = await startTestKafka();

describe.skipIf('skipped' in kafka)('workers of the analysis on Kafka', () => {
  let giveBack: (() => void) | undefined;
  beforeAll(async () => {
    giveBack = await takeBrokerTurn();
  }, 310_000);
  afterAll(() => giveBack?.());

  disturbanceSuite(() => ('brokers' in kafka ? kafka.brokers : undefined));
});
