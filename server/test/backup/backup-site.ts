import { randomUUID } from 'node:crypto';
import { parseMasterKey } from '@sdp/shared/crypto';
import {
  type AccessRules,
  ComplianceManager,
  deriveMessageKeys,
  KeyRing,
  noMetrics,
  type OutgoingMessage,
  SecurityManager,
  type StageBus,
  writeContext,
} from '@sdp/shared/messaging';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import {
  type BackupPlace,
  type BackupReport,
  type BackupStore,
  type BackupWorker,
  createBackupKeys,
  openBackupStore,
  readHeads,
  startBackupWorker,
  verifyBackup,
} from '../../src/backup/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { loadAccess } from '../../src/topics/index.ts';
import { type BusAddress, openBus } from '../bus/bus-address.ts';

/** A backup and what it keeps; plain data, so that a child process can be told. */
export interface BackupSite {
  readonly address: BusAddress;
  readonly dsn: string;
  readonly masterKey: string;
  readonly place: BackupPlace;
  readonly topics: readonly string[];
  readonly everyMs?: number;
  readonly maxBytes?: number;
  readonly maxMessages?: number;
}

export interface SiteParts {
  readonly bus: StageBus;
  readonly pool: Pool;
  readonly security: SecurityManager;
  readonly access: AccessRules;
  readonly compliance: ComplianceManager;
  close(): Promise<void>;
}

export function openSite({ address, dsn, masterKey }: BackupSite): SiteParts {
  const bus = openBus(address);
  const pool = createPool({ dsn, applicationName: 'sdp-test-backup', maxConnections: 6 });
  return {
    ...{ bus, pool, access: loadAccess(), security: securityOf(masterKey) },
    compliance: new ComplianceManager([{ topic: 'logs*', data_class: 'internal', retention_class: 'short' }]),
    close: async () => {
      await bus.close();
      await pool.end();
    },
  };
}

export function securityOf(masterKey: string): SecurityManager {
  const keys = deriveMessageKeys(parseMasterKey(masterKey), { party: 'sdp-server', generation: 1 });
  return new SecurityManager({ keys: new KeyRing(keys) });
}

export interface RunningBackup extends BackupWorker {
  readonly registry: Registry;
  /** Every log line so far. */
  readonly log: string[];
}

export async function startBackupOf(
  site: BackupSite,
  { bus, pool, security, access }: SiteParts,
  store?: BackupStore,
): Promise<RunningBackup> {
  const { place, topics, everyMs = 50, maxBytes = 256 * 1024, maxMessages = 500, address } = site;
  const registry = new Registry();
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) });
  const worker = await startBackupWorker({
    settings: { topics, everyMs, maxBytes, maxMessages },
    ...{ bus, pool, security, access, registry, logger, busKind: address.kind, messageMetrics: noMetrics },
    ...{ serverKey: parseMasterKey(site.masterKey), store: store ?? (await openBackupStore(place)) },
  });
  return { ...worker, registry, log };
}

/** Sealed messages with numbers; of several keys, so that they fall on all partitions. */
export async function sealed(
  security: SecurityManager,
  topic: string,
  numbers: readonly number[],
  bytes = 200,
): Promise<OutgoingMessage[]> {
  const contexts = numbers.map((number) => ({
    ...{ topic, key: `acme/${number % 16}`, schemaId: 'numbered.v1', tenant: 'acme' },
    eventId: `event-${number}`,
  }));
  const unsealed = contexts.map((context, i) => ({
    context,
    plaintext: Buffer.from(JSON.stringify({ number: numbers[i], filler: 'x'.repeat(bytes) })),
  }));
  const values = await security.sealBatch(unsealed);
  return contexts.map((context, i) => ({
    ...{ key: context.key, value: values[i] as Buffer, headers: writeContext(context) },
  }));
}

export async function verifySite(site: BackupSite, pool: Pool, more: { since?: Date } = {}): Promise<BackupReport> {
  const store = await openBackupStore(site.place);
  try {
    const keys = createBackupKeys(parseMasterKey(site.masterKey));
    return await verifyBackup({ store, keys, heads: await readHeads(pool, store.place), ...more });
  } finally {
    await store.close();
  }
}

/** Messages that are safe, all partitions together. */
export function keptIn({ partitions }: BackupReport): number {
  return partitions.reduce((sum, { messages }) => sum + messages, 0);
}

export function freshTopic(): string {
  return `logs.${randomUUID()}`;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
