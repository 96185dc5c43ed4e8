import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateMasterKeyText, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';

/**
 * The key that the server made for its embedded database, kept beside it in `server.key`; made at the first call. A copy
 * of the data folder is readable by whoever has it: for anything that matters set SDP_CRYPTO_KEY instead.
 *
 * @throws {ConfigError} `key-invalid` when the file holds something else
 */
export function generatedServerKey(dataDir: string): MasterKey {
  const path = join(dataDir, 'server.key');
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${generateMasterKeyText()}\n`, { mode: 0o600 });
  try {
    linkSync(partial, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(partial, { force: true });
  }
  try {
    return parseMasterKey(readFileSync(path, 'utf8').trim());
  } catch {
    throw new ConfigError('key-invalid', { message: 'The file server.key in the data folder does not hold a key' });
  }
}
