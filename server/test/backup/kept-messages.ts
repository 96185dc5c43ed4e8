import { parseMasterKey } from '@sdp/shared/crypto';
import { readContext } from '@sdp/shared/messaging';
import { createBackupKeys } from '../../src/backup/backup-keys.ts';
import { readHeads } from '../../src/backup/chain-store.ts';
import { openKept } from '../../src/backup/open-kept.ts';
import { readChains } from '../../src/backup/read-chains.ts';
import { openBackupStore } from '../../src/backup/store/open-store.ts';
import type { Pool } from '../../src/database/index.ts';
import { type BackupSite, securityOf } from './backup-site.ts';

/** What is in a backup, each message opened as its consumer would. */
export async function keptMessages(
  site: BackupSite,
  pool: Pool,
): Promise<{ readonly number: number; readonly partition: number; readonly offset: bigint }[]> {
  const store = await openBackupStore(site.place);
  const keys = createBackupKeys(parseMasterKey(site.masterKey));
  const security = securityOf(site.masterKey);
  const found: { number: number; partition: number; offset: bigint }[] = [];
  for (const { entries, topic, partition } of await readChains({
    store,
    keys,
    heads: await readHeads(pool, store.place),
  })) {
    for (const entry of entries) {
      const opened = await openKept(store, keys, entry);
      if ('fault' in opened) throw new Error(opened.fault);
      for (const { key, headers, value, offset } of opened.messages) {
        const { plaintext } = security.open(readContext({ topic, key, headers }), value);
        const { number } = JSON.parse(plaintext.toString('utf8')) as { number: number };
        found.push({ number, partition, offset });
      }
    }
  }
  await store.close();
  return found;
}
