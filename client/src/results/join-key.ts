import { InputError } from '@sdp/shared/errors';
import { isToken } from '@sdp/shared/tokenization';
import type { Receipt } from '../upload/index.ts';
import type { Vault } from '../vault/index.ts';

/** From a key as it stands in the raw file to the key as it was uploaded. */
export type JoinKey = (rawKey: string) => string;

const asItStands: JoinKey = (key) => key;

/** The part of a vault that computes tokens without storing anything. */
export type KeyAuthority = Pick<Vault, 'tokenOf' | 'hasher' | 'contains' | 'stats'>;

/**
 * How the raw file's keys compare to the batch's, by what the receipt says of the key column.
 *
 * @throws {InputError} `results-key-mismatch` when the column was treated so that no key can be found again
 */
export function joinKeyOf(
  column: Receipt['columns'][number],
  vault: () => KeyAuthority,
  sampleKeys: readonly string[],
): JoinKey {
  switch (column.method) {
    case 'keep':
      return asItStands;
    case 'token':
    case 'hash': {
      const { namespace, method } = column;
      if (namespace === undefined) return method === 'token' ? guessJoinKey(vault(), sampleKeys) : noWayBack(method);
      return method === 'token' ? vault().tokenOf(namespace) : vault().hasher(namespace);
    }
    default:
      return noWayBack(column.method);
  }
}

/** Without a receipt: tokens are looked up in the vault's namespaces, anything else is taken as it stands. */
export function guessJoinKey(vault: KeyAuthority | undefined, sampleKeys: readonly string[]): JoinKey {
  const tokens = sampleKeys.filter(isToken);
  if (vault === undefined || tokens.length === 0) return asItStands;
  for (const { namespace } of vault.stats().namespaces) {
    if (vault.contains(namespace, tokens).includes(true)) return vault.tokenOf(namespace);
  }
  return asItStands;
}

function noWayBack(method: string): never {
  throw new InputError('results-key-mismatch', {
    message: `The key column was uploaded with the method \`${method}\`, which keeps no way to join results to rows`,
    remedy: 'Upload again with a key column whose method is token or keep.',
  });
}
