import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { SdpError } from '@sdp/shared/errors';
import type { CommandContext } from '../commands/context.ts';
import { loadMasterKey } from '../keys/index.ts';
import { type ManifestColumn, manifestPathFor, readManifest, verifyManifest } from '../manifest/index.ts';
import { openVault } from '../vault/index.ts';
import { describeColumns } from './column-record.ts';
import type { FilePair } from './many-files.ts';
import type { TokenizeRequest } from './tokenize-file.ts';

/**
 * Whether a file was tokenized as it is asked for now: its output is the one that the manifest describes, the input is
 * older than that, and the columns have the same methods.
 */
export async function isAlreadyTokenized(
  context: CommandContext,
  { input, output }: FilePair,
  { plan, vaultPath, sourceTable, keyColumn }: TokenizeRequest,
): Promise<boolean> {
  const [before, after] = await Promise.all([input, output].map((path) => stat(path).catch(() => undefined)));
  if (before === undefined || after === undefined || before.mtimeMs > after.mtimeMs) return false;
  try {
    const manifest = await readManifest(manifestPathFor(output));
    if (manifest.source_table !== sourceTable || manifest.key_column !== (keyColumn ?? null)) return false;
    const wanted = describeColumns(plan([...manifest.columns.map(({ name }) => name), ...manifest.dropped]));
    const inNoOrder = (columns: readonly ManifestColumn[]) =>
      columns.map(({ index: _, ...column }) => column).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (!isDeepStrictEqual(inNoOrder(wanted.columns), inNoOrder(manifest.columns))) return false;
    if (!isDeepStrictEqual(wanted.dropped.toSorted(), manifest.dropped.toSorted())) return false;
    const vault = await openVault({ path: vaultPath, masterKey: await loadMasterKey(context), readOnly: true });
    try {
      await verifyManifest(manifest, { vault, filePath: output });
    } finally {
      await vault.close();
    }
    return true;
  } catch (error) {
    if (error instanceof SdpError) return false;
    throw error;
  }
}
