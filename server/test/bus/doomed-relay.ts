import { pino } from 'pino';
import { EmbeddedBus, startOutboxRelay } from '../../src/bus/index.ts';
import { createPool } from '../../src/database/index.ts';
import { openBus } from './bus-address.ts';
import type { DoomedRelay, RelayStep } from './relay-steps.ts';

// Killed by its own hand at a step of the relay, so that the moment is exact.
const { address, dsn, dieAt } = JSON.parse(process.argv[2] ?? '') as DoomedRelay;
let passed = 0;
const reached = (step: RelayStep) => {
  if (step === dieAt && passed++ === 1) process.kill(process.pid, 'SIGKILL');
};

const bus = openBus(address);
if (bus instanceof EmbeddedBus) {
  const transaction = bus.transaction.bind(bus);
  bus.transaction = (work) =>
    transaction((client, publish) =>
      work(client, async (...call) => {
        reached('before publishing');
        await publish(...call);
        reached('between publishing and deleting');
      }),
    );
} else {
  const publish = bus.publish.bind(bus);
  bus.publish = async (...call) => {
    reached('before publishing');
    await publish(...call);
    reached('between publishing and deleting');
  };
}
startOutboxRelay({
  pool: createPool({ dsn, applicationName: 'sdp-test-relay' }),
  bus,
  logger: pino({ level: 'silent' }),
  pollMs: 20,
  onPublished: () => reached('after deleting'),
});
