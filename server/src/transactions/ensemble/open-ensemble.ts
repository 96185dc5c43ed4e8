import { ConfigError } from '@sdp/shared/errors';
import type { Ensemble } from './ensemble.ts';

/**
 * Opens a package of models by its files' names and bytes.
 *
 * @throws {ConfigError} `model-invalid` when a file is missing, is not what the manifest says or can't be used
 */
export async function openEnsemble(files: ReadonlyMap<string, Uint8Array>): Promise<Ensemble> {
  if (!files.has('ensemble.json'))
    throw new ConfigError('model-invalid', { message: 'the package has no ensemble.json' });
  throw new ConfigError('model-invalid', { message: 'the package is of an unknown version' });
}
