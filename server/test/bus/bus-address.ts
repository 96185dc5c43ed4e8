import type { StageBus } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { EmbeddedBus } from '../../src/bus/index.ts';
import { KafkaBus, type KafkaBusOptions } from '../../src/bus/kafka/index.ts';
import { createPool } from '../../src/database/index.ts';

/** Where a bus is; plain data, so that a child process can be told. */
export type BusAddress =
  | { readonly kind: 'embedded'; readonly dsn: string }
  | ({ readonly kind: 'kafka'; readonly brokers: readonly string[] } & Pick<
      KafkaBusOptions,
      'tls' | 'sasl' | 'compression' | 'transactions'
    >);

/** After this long without a sign of life a consumer counts as dead. */
export const declaredDeadMs = 2_000;

/** Connects as a process of its own would. */
export function openBus(address: BusAddress): StageBus {
  const logger = pino({ level: process.env['SDP_TEST_LOG'] ?? 'silent' });
  if (address.kind === 'kafka') {
    const { kind: _, ...reached } = address;
    return new KafkaBus({ ...reached, clientId: 'sdp-test', logger, sessionTimeoutMs: declaredDeadMs });
  }
  const pool = createPool({ dsn: address.dsn, applicationName: 'sdp-test-bus' });
  const bus = new EmbeddedBus({ pool, dsn: address.dsn, logger, leaseMs: declaredDeadMs, pollMs: 500 });
  const close = bus.close.bind(bus);
  bus.close = async () => {
    await close();
    await pool.end();
  };
  return bus;
}
