import { InputError } from '@sdp/shared/errors';
import {
  type Canonicalizer,
  canonicalizerById,
  emailSurrogate,
  isRefusal,
  isToken,
  surrogateDomain,
  tokenInEmail,
} from '@sdp/shared/tokenization';
import { cardOf, fpeOf, invalidNamespace, nullMarkerSet, skipMarkers, walkPastMany } from '../pipeline/index.ts';
import type { Receipt } from '../upload/index.ts';
import type { Vault } from '../vault/index.ts';

/** From a key as it stands in the raw file to the key as it was uploaded. */
export type JoinKey = (rawKey: string) => string;

const asItStands: JoinKey = (key) => key;

/** The part of a vault that computes tokens without storing anything. */
export type KeyAuthority = Pick<Vault, 'tokenOf' | 'hasher' | 'keyed' | 'surrogateRevealer' | 'contains' | 'stats'>;

type KeyColumn = Receipt['columns'][number];

/** Methods whose result can be had again from a raw key, with the vault. */
export function isJoinable(method: KeyColumn['method']): boolean {
  return ['token', 'hash', 'email', 'fpe', 'card'].includes(method);
}

/**
 * How the raw file's keys compare to the batch's, by what the receipt says of the key column.
 *
 * @throws {InputError} `results-key-mismatch` when the column was treated so that no key can be found again
 */
export function joinKeyOf(column: KeyColumn, vault: () => KeyAuthority, sampleKeys: readonly string[]): JoinKey {
  const { method, namespace, options = {} } = column;
  if (method === 'keep') return asItStands;
  if (!isJoinable(method)) noWayBack(method);
  if (namespace === undefined) {
    return method === 'token' || method === 'email' ? guessJoinKey(vault(), sampleKeys) : noWayBack(method);
  }
  const markers = nullMarkerSet(options.null_markers);
  const key = treatedKey(column, namespace, vault());
  return (raw) => (raw === '' || markers.has(raw) ? raw : key(raw));
}

function treatedKey({ method, options = {} }: KeyColumn, namespace: string, vault: KeyAuthority): JoinKey {
  const form = options.canonical === undefined ? undefined : canonicalizerById(options.canonical);
  const markers = nullMarkerSet(options.null_markers);
  const orToken: JoinKey = options.on_invalid === 'token' ? vault.tokenOf(invalidNamespace(namespace)) : asItStands;
  switch (method) {
    case 'token':
      return vault.tokenOf(namespace, form);
    case 'hash': {
      const hash = vault.hasher(namespace);
      return form === undefined ? hash : (raw) => hash(form.apply(raw));
    }
    case 'email':
      return emailKey(vault, namespace, form, options.keep_domain ?? false);
    case 'fpe': {
      const fpe = fpeOf(vault, { namespace, alphabet: options.alphabet, spareDigit: options.spare_digit });
      const protectMany = walkPastMany(markers, (values) => fpe.protectMany(values));
      return (raw) => {
        const [outcome] = protectMany([raw]);
        return outcome === undefined || isRefusal(outcome) ? orToken(raw) : outcome;
      };
    }
    case 'card': {
      const card = cardOf(vault, namespace, options.keep_first);
      const candidate = skipMarkers(markers, card.candidate);
      const originalOf = vault.surrogateRevealer(namespace);
      return (raw) => (card.refusal(raw) === undefined ? surrogateHeldBy(raw, candidate, originalOf) : orToken(raw));
    }
    default:
      return noWayBack(method);
  }
}

/** How many proposals are looked at: another value may hold the first ones. */
const mostAttempts = 16;

/** Finds the surrogate of a value among its proposals, since only the vault knows which of them it got. */
function surrogateHeldBy(
  value: string,
  candidate: (value: string, attempt: number) => string,
  originalOf: (surrogate: string) => string | undefined,
): string {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const proposal = candidate(value, attempt);
    if (originalOf(proposal) === value) return proposal;
  }
  return value;
}

function emailKey(
  vault: KeyAuthority,
  namespace: string,
  form: Canonicalizer | undefined,
  keepDomain: boolean,
): JoinKey {
  const tokenOf = vault.tokenOf(namespace, form);
  return (raw) => emailSurrogate(tokenOf(raw), raw, { keepDomain });
}

/** Without a receipt: tokens are looked up in the vault's namespaces, anything else is taken as it stands. */
export function guessJoinKey(vault: KeyAuthority | undefined, sampleKeys: readonly string[]): JoinKey {
  const inEmails = sampleKeys.flatMap((key) => tokenInEmail(key) ?? []);
  const tokens = inEmails.length > 0 ? inEmails : sampleKeys.filter(isToken);
  if (vault === undefined || tokens.length === 0) return asItStands;
  for (const { namespace, canonical } of vault.stats().namespaces) {
    if (!vault.contains(namespace, tokens).includes(true)) continue;
    const form = canonical === undefined || canonical === '' ? undefined : canonicalizerById(canonical);
    if (inEmails.length === 0) return vault.tokenOf(namespace, form);
    const keepDomain = sampleKeys.some((key) => tokenInEmail(key) && !key.endsWith(`@${surrogateDomain}`));
    return emailKey(vault, namespace, form, keepDomain);
  }
  return asItStands;
}

function noWayBack(method: string): never {
  throw new InputError('results-key-mismatch', {
    message: `The key column was uploaded with the method \`${method}\`, which keeps no way to join results to rows`,
    remedy: 'Upload again with a key column whose method is token, email, fpe, card, hash or keep.',
  });
}
