import { afterAll, beforeAll, describe } from 'vitest';
import { takeBrokerTurn } from '../../../test/support/broker-turn.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { killSuite } from './support/kill-suite.ts';

/** With SDP_KILL_ROUNDS alone: on the other bus the same is tried each time. */
const isWanted = process.env['SDP_KILL_ROUNDS'] !== undefined;
const kafka = isWanted ? await startTestKafka() : { skipped: 'SDP_KILL_ROUNDS is not set' };

describe.skipIf('skipped' in kafka)('events on Kafka', () => {
  let giveBack: (() => void) | undefined;
  beforeAll(async () => {
    giveBack = await takeBrokerTurn();
  }, 310_000);
  afterAll(() => giveBack?.());

  killSuite(() => ('brokers' in kafka ? kafka.brokers : undefined));
});
