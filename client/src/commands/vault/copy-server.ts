import {
  vaultCopyEntriesSchema,
  vaultCopyErasedSchema,
  vaultCopyErasuresSchema,
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
    describe: () => client.getJson(base, vaultCopySchema),
    push: (namespaces, entries) => client.postJson(`${base}/entries`, { namespaces, entries }, vaultCopyPushedSchema),
    erase: async (erasures) => (await client.postJson(`${base}/erasures`, { erasures }, vaultCopyErasedSchema)).removed,
    remove: async () => (await client.deleteJson(base, vaultCopyErasedSchema)).removed,
    entries: (cursor) => client.getJson(page('entries', cursor), vaultCopyEntriesSchema),
    erasures: (cursor) => client.getJson(page('erasures', cursor), vaultCopyErasuresSchema),
  };
}
