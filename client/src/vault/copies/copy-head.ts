import { createHash } from 'node:crypto';
import type { VaultCopy, VaultCopyHead } from '@sdp/shared/contracts';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import { changeState } from '../maintenance/change-state.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { newestCopies } from '../seen-copies.ts';
import type { SeenCopy, VaultState } from '../state.ts';
import { CopyContents, copyContentsSchema } from './copy-contents.ts';
import type { CopyKeys } from './copy-keys.ts';
import type { CopyServer } from './copy-server.ts';

/** Seals what a copy consists of, under the number of that state. */
export function sealHead(copyKeys: CopyKeys, sequence: number, contents: CopyContents): VaultCopyHead {
  const text = Buffer.from(JSON.stringify(contents.toText()), 'utf8');
  return { sequence, sealed: copyKeys.sealer()(['head', String(sequence)], text) };
}

/** @throws {VaultError} `vault-mismatch` if it was sealed with other keys, or is none */
export function openHead(
  keys: VaultFile['keys'],
  copyKeys: CopyKeys,
  { sequence, sealed }: VaultCopyHead,
): CopyContents {
  const bytes = copyKeys.open(['head', String(sequence)], sealed);
  if (bytes === undefined) throw otherKeys();
  return new CopyContents(keys, copyContentsSchema.parse(JSON.parse(bytes.toString('utf8'))));
}

/** The newest state of the server's copy that a vault has seen. */
export function seenCopy({ copies = [] }: Pick<VaultState, 'copies'>, { name }: CopyServer): SeenCopy | undefined {
  return copies.find(({ server }) => server === name);
}

/**
 * @param atLeast number of a state that the user knows of
 * @throws {IntegrityError} `vault-copy-incomplete` if the server offers an older state of the copy than was seen before, another
 *   one under the same number, or none
 */
export function assertNotOlder({ head }: VaultCopy, seen: SeenCopy | undefined, atLeast = 0): void {
  const newest = Math.max(seen?.sequence ?? 0, atLeast);
  if (newest === 0) return;
  if (head === null) {
    throw incomplete(`The server has no copy of the vault, but state ${newest} of one was there before`);
  }
  if (head.sequence < newest) {
    throw incomplete(
      `The server offers state ${head.sequence} of the copy, but state ${newest} was there before: an old copy was put back`,
    );
  }
  if (head.sequence === seen?.sequence && headDigest(head) !== seen.head) {
    throw incomplete(`The server offers another state ${head.sequence} of the copy than the one that was there before`);
  }
}

/** Keeps in the vault what was seen; never goes back. */
export function rememberCopy(file: VaultFile, { name }: CopyServer, head: VaultCopyHead): void {
  changeState(file, (state) => {
    state.copies = newestCopies(state.copies, [{ server: name, sequence: head.sequence, head: headDigest(head) }]);
  });
}

export function incomplete(message: string): IntegrityError {
  return new IntegrityError('vault-copy-incomplete', { message });
}

export function otherKeys(): VaultError {
  return new VaultError('vault-mismatch', {
    message: 'The copy on the server was made with other keys than this vault’s',
    remedy:
      'Set the master key of the vault that was pushed. If that vault had been rewrapped, make the new one with `sdp vault keys import` first.',
  });
}

function headDigest({ sealed }: VaultCopyHead): string {
  return createHash('sha256').update(sealed).digest('hex');
}
