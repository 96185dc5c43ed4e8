import type { BusPort } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { EmbeddedBus, KafkaBus } from '../../src/bus/index.ts';
import { createPool } from '../../src/database/index.ts';

/** Where a bus is; plain data, so that a child process can be told. */
export type BusAddress =
  | { readonly kind: 'embedded'; readonly dsn: string }
  | { readonly kind: 'kafka'; readonly brokers: readonly string[] };

/** Connects as a process of its own would. Everybody shares one small deadline for being declared dead. */
export function openBus(address: BusAddress): BusPort {
  const logger = pino({ level: process.env['SDP_TEST_LOG'] ?? 'silent' });
  if (address.kind === 'kafka') {
    return new KafkaBus({ brokers: address.brokers, clientId: 'sdp-test', logger, sessionTimeoutMs: 2_000 });
  }
  const pool = createPool({ dsn: address.dsn, applicationName: 'sdp-test-bus' });
  const bus = new EmbeddedBus({ pool, dsn: address.dsn, logger, leaseMs: 1_500, pollMs: 500 });
  const close = bus.close.bind(bus);
  bus.close = async () => {
    await close();
    await pool.end();
  };
  return bus;
}
