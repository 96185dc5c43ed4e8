import { type Environment, loadMasterKey, type MasterKey } from '../../keys/index.ts';
import type { CommandContext } from '../context.ts';

const ownPrefix = 'SDP_';
const prefix = `${ownPrefix}NEW_`;

/**
 * The master key that is to come: from `--new-key-file`, else from `SDP_NEW_CRYPTO_KEY`, `SDP_NEW_CRYPTO_KEY_FILE` and
 * the like, which mean what the variables without `NEW_` mean for the present key.
 *
 * @throws {ConfigError} what `loadMasterKey` throws
 */
export function loadNewKey(context: CommandContext, keyFile: string | undefined): Promise<MasterKey> {
  const renamed = Object.entries(context.env)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [`${ownPrefix}${name.slice(prefix.length)}`, value] as const);
  return load(context, keyFile === undefined ? Object.fromEntries(renamed) : { SDP_CRYPTO_KEY_FILE: keyFile });
}

/** The master key of another vault or of an earlier time, from a file; the present one where none is named. */
export function loadOtherKey(context: CommandContext, keyFile: string | undefined): Promise<MasterKey> {
  return keyFile === undefined ? loadMasterKey(context) : load(context, { SDP_CRYPTO_KEY_FILE: keyFile });
}

function load(context: CommandContext, source: Environment): Promise<MasterKey> {
  // The present key's variables must not stand in for a source that gives nothing.
  const rest = Object.fromEntries(
    Object.entries(context.env).filter(([name]) => !name.startsWith('SDP_CRYPTO_KEY') && !name.startsWith(prefix)),
  );
  return loadMasterKey({ ...context, env: { ...rest, ...source } });
}
