import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTrustedKeys, type TrustedKeys } from './model-keys.ts';
import { type ModelPackage, verifyPackage } from './model-package.ts';
import { readPackage } from './package-folder.ts';
import { earlierPublicKeys, shippedModel } from './shipped-model-key.ts';

/** `server/models`, seen from `src/models/package` and `dist/models/package` alike. */
const modelsDir = fileURLToPath(new URL('../../../models', import.meta.url));

export function shippedModelDir(): string {
  return join(modelsDir, shippedModel.folder);
}

/**
 * The keys of a server: those it was given, and those that shipped models are signed with. Nobody has their private halves, so
 * each vouches for one model and for nothing that may come.
 *
 * @param given entries of SDP_MODEL_TRUSTED_KEYS
 * @throws {ConfigError} `model-key-invalid`
 */
export function trustedModelKeys(given: string): TrustedKeys {
  return parseTrustedKeys([given, shippedModel.publicKey, ...earlierPublicKeys].join(' '));
}

/**
 * The model that comes with the program.
 *
 * @throws {IntegrityError} `model-tampered`
 * @throws {InputError} `file-not-found`, `file-unreadable`
 */
export async function readShippedModel(): Promise<ModelPackage> {
  const found = await readPackage(shippedModelDir());
  verifyPackage(found, parseTrustedKeys(shippedModel.publicKey));
  return found;
}
