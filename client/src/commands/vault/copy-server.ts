import {
  vaultCopyEntriesSchema,
  vaultCopyErasedSchema,
  vaultCopyErasuresSchema,
  vaultCopyKnownSchema,
  vaultCopyPushedSchema,
  vaultCopySchema,
} from '@sdp/shared/contracts';
import type { ApiClient } from '../../upload/index.ts';
import type { CopyServer } from '../../vault/copies/index.ts';

const base = '/api/v1/vault-copy';
/** With what the server puts on a page at most, an answer stays within what the client reads. */
const pageEntries = 4_000;

/** The copy on the server that `client` speaks to. */
export function copyServer(client: ApiClient): CopyServer {
  const page = (path: string, cursor: string | undefined) =>
    `${base}/${path}?limit=${pageEntries}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
  return {
    name: client.serverUrl,
    describe: () => client.getJson(base, vaultCopySchema),
    lookup: async (ids) => (await client.postJson(`${base}/lookup`, { ids }, vaultCopyKnownSchema)).known,
    push: (push) => client.postJson(`${base}/entries`, push, vaultCopyPushedSchema),
    erase: async (erase) => (await client.postJson(`${base}/erasures`, erase, vaultCopyErasedSchema)).removed,
    remove: async () => (await client.deleteJson(base, vaultCopyErasedSchema)).removed,
    entries: (cursor) => client.getJson(page('entries', cursor), vaultCopyEntriesSchema),
    erasures: (cursor) => client.getJson(page('erasures', cursor), vaultCopyErasuresSchema),
  };
}
