import { createHash, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { constantTimeEqual, hmacHex, lengthPrefixed } from '@sdp/shared/crypto';
import { InputError } from '@sdp/shared/errors';
import { replaceDurably } from '../files/index.ts';
import type { LogPlace } from './log-place.ts';

/** The last line of a log, remembered in another place than the log itself. */
export interface AuditHead {
  readonly vault: string;
  readonly log: string;
  readonly path: string;
  readonly seq: number;
  /** Code of the line `seq`. */
  readonly last: string;
}

/** The head that belongs to the place, and those of the vault's logs that were elsewhere. */
export interface KnownHeads {
  readonly here: AuditHead | undefined;
  readonly elsewhere: readonly AuditHead[];
  /** Whether the file of the head is there but isn't what was written. */
  readonly isHereDamaged: boolean;
}

const fileName = (vaultId: string, logPath: string): string =>
  `${vaultId}.${createHash('sha256').update(logPath).digest('hex').slice(0, 16)}.head.json`;

/** Writes the head so that after a crash there is either the old or the new one. */
export function writeHead(key: KeyObject, { headFolder }: LogPlace, head: AuditHead): void {
  const path = join(headFolder, fileName(head.vault, head.path));
  replaceDurably(path, `${JSON.stringify({ ...head, mac: codeOf(key, head) })}\n`);
}

/** Forgets the head of a log, if there is one. */
export function removeHead({ headFolder }: LogPlace, { vault, path }: AuditHead): void {
  rmSync(join(headFolder, fileName(vault, path)), { force: true });
}

/**
 * @param sealed the head that the vault remembers, of whatever place. It may lag behind, where the vault could not be
 *   written: of two for one place the later one counts, and where they name different logs the one that is no part of
 *   the vault
 */
export function readHeads(
  key: KeyObject,
  { headFolder, logPath }: LogPlace,
  vaultId: string,
  sealed: AuditHead | undefined,
): KnownHeads {
  const here = fileName(vaultId, logPath);
  const heads: AuditHead[] = [];
  let isHereDamaged = false;
  for (const name of namesIn(headFolder)) {
    if (!name.startsWith(`${vaultId}.`) || !name.endsWith('.head.json')) continue;
    const head = openHead(key, textOf(join(headFolder, name)));
    if (head !== undefined && fileName(head.vault, head.path) === name) heads.push(head);
    else if (name === here) isHereDamaged = true;
  }
  const byPath = new Map(heads.map((head) => [head.path, head]));
  if (sealed !== undefined) byPath.set(sealed.path, later(byPath.get(sealed.path), sealed));
  return {
    here: byPath.get(logPath),
    elsewhere: [...byPath.values()].filter(({ path }) => path !== logPath),
    isHereDamaged,
  };
}

function later(kept: AuditHead | undefined, inVault: AuditHead): AuditHead {
  if (kept === undefined) return inVault;
  return kept.log === inVault.log && inVault.seq > kept.seq ? inVault : kept;
}

/**
 * Heads of logs that are neither where they were, nor here: of this vault somebody wrote a log somewhere and took it
 * away. (A log that moved here with its vault has the same id.)
 *
 * @param log id of the log that is here
 */
export function lostHeads({ elsewhere }: KnownHeads, log: string | undefined): readonly AuditHead[] {
  return elsewhere.filter((head) => head.log !== log && !existsSync(head.path));
}

/** Makes the folder if it isn't there. */
export function makeHeadFolder({ headFolder }: LogPlace): void {
  mkdirSync(headFolder, { recursive: true, mode: 0o700 });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** @throws {InputError} `file-unreadable` where another account wrote it, under sudo for instance */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError('file-unreadable', {
      message: `The head of the audit log cannot be read (${code})`,
      details: { file: path },
    });
  }
}

function openHead(key: KeyObject, text: string): AuditHead | undefined {
  try {
    const { mac, ...head } = JSON.parse(text) as AuditHead & { mac: unknown };
    return typeof mac === 'string' && constantTimeEqual(codeOf(key, head), mac) ? head : undefined;
  } catch {
    return undefined;
  }
}

function codeOf(key: KeyObject, { vault, log, path, seq, last }: AuditHead): string {
  return hmacHex(key, lengthPrefixed('sdp-audit-head-v1', vault, log, path, seq, last));
}
