import { createSecretKey } from 'node:crypto';
import { type BusPort, deriveMessageKeys, KeyRing, SecureConsumer, SecurityManager } from '@sdp/shared/messaging';
import { z } from 'zod';
import { PostgresAppliedEvents } from '../../src/bus/index.ts';
import { type Pool, withTransaction } from '../../src/database/index.ts';
import type { FaultPoint } from './effects.ts';

export const numberedContract = { name: 'numbered', version: 1, schema: z.strictObject({ n: z.int() }) };

/** Keys that a process of its own has too. */
export function sharedSecurity(): SecurityManager {
  const master = createSecretKey(Buffer.alloc(32, 9));
  return new SecurityManager({ keys: new KeyRing(deriveMessageKeys(master, { party: 'test', generation: 1 })) });
}

/**
 * A consumer whose effect has no dedupe key of its own: what keeps it from happening twice is that the event is recorded in its
 * transaction.
 */
export async function consumeWithEffects(
  bus: BusPort,
  pool: Pool,
  { topic, group }: { readonly topic: string; readonly group: string },
  reached: (point: FaultPoint, n: number) => void = () => undefined,
): Promise<SecureConsumer> {
  const consumer = new SecureConsumer({
    bus,
    group,
    security: sharedSecurity(),
    applied: new PostgresAppliedEvents(pool),
  });
  consumer.subscribe({ topic, contracts: [numberedContract] });
  await consumer.run<{ n: number }>(async ({ payload: { n }, settleIn }) => {
    reached('before-handler', n);
    await withTransaction(pool, async (client) => {
      await client.query('INSERT INTO effect VALUES ($1, $2)', [group, n]);
      reached('after-effect', n);
      await settleIn(client);
      reached('after-settle', n);
    });
    reached('after-commit', n);
  });
  return consumer;
}
