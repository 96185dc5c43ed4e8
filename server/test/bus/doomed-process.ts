import { createPool } from '../../src/database/index.ts';
import { type BusAddress, openBus } from './bus-address.ts';
import { applyEffect, type FaultPoint } from './effects.ts';

/**
 * A process that is killed in the middle of something, the way kill -9 or a power cut does it: at a fault point by its own
 * hand, so that the moment is exact.
 */
export type Doom =
  | {
      readonly task: 'consume';
      readonly group: string;
      readonly effectsDsn: string;
      readonly dieAt: FaultPoint;
      readonly eventId: number;
    }
  | { readonly task: 'publish'; readonly calls: number; readonly messagesPerCall: number; readonly dieAfterMs: number };

const { address, topic, doom } = JSON.parse(process.argv[2] ?? '') as {
  address: BusAddress;
  topic: string;
  doom: Doom;
};
const die = () => process.kill(process.pid, 'SIGKILL');
const bus = openBus(address);

if (doom.task === 'consume') {
  const pool = createPool({ dsn: doom.effectsDsn, applicationName: 'sdp-test-doomed' });
  await bus.consume({
    topic,
    group: doom.group,
    handler: (delivery) =>
      applyEffect(pool, doom.group, delivery, (point) => {
        if (point === doom.dieAt && Number(delivery.message.headers['id']) === doom.eventId) die();
      }),
  });
} else {
  // Connections stand before the clock starts.
  await bus.check();
  await bus.publish(topic, [{ key: 'warm-up', value: Buffer.alloc(1), headers: { call: '-1' } }]);
  setTimeout(die, doom.dieAfterMs);
  for (let call = 0; call < doom.calls; call++) {
    const messages = Array.from({ length: doom.messagesPerCall }, (_, n) => ({
      key: `key-${n}`,
      value: Buffer.alloc(10_000, call),
      headers: { call: String(call) },
    }));
    await bus.publish(topic, messages);
  }
  die();
}
