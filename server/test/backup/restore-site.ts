import { parseMasterKey } from '@sdp/shared/crypto';
import { noAudit } from '@sdp/shared/messaging';
import { pino } from 'pino';
import {
  createBackupKeys,
  openBackupStore,
  type RestoreReport,
  readHeads,
  restoreBackup,
} from '../../src/backup/index.ts';
import { EmbeddedTopicReader, type TopicReader } from '../../src/bus/index.ts';
import { KafkaTopicReader } from '../../src/bus/kafka/index.ts';
import type { Pool } from '../../src/database/index.ts';
import type { BusAddress } from '../bus/bus-address.ts';
import type { BackupSite, SiteParts } from './backup-site.ts';

export interface RestoreAsked {
  readonly topic: string;
  readonly into: string;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  readonly isDryRun?: boolean;
  readonly isAgain?: boolean;
  readonly isIncomplete?: boolean;
}

export function readerOf(address: BusAddress, pool: Pool): TopicReader {
  if (address.kind === 'embedded') return new EmbeddedTopicReader(pool);
  const { kind: _, ...reached } = address;
  return new KafkaTopicReader({ ...reached, clientId: 'sdp-test', logger: pino({ level: 'silent' }) });
}

export async function restoreSite(
  site: BackupSite,
  { bus, pool, security, compliance, access }: SiteParts,
  { from = 0, to, ...asked }: RestoreAsked,
): Promise<RestoreReport> {
  const store = await openBackupStore(site.place);
  const reader = readerOf(site.address, pool);
  try {
    return await restoreBackup({
      ...{ store, reader, bus, pool, security, compliance, access, audit: noAudit },
      ...{ keys: createBackupKeys(parseMasterKey(site.masterKey)), heads: await readHeads(pool, store.place) },
      ...{ ...asked, batchMessages: 20, from: new Date(from), to: to === undefined ? undefined : new Date(to) },
    });
  } finally {
    await reader.close();
    await store.close();
  }
}
