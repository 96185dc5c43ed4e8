import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { constantTimeEqual, hmacHex, lengthPrefixed } from '@sdp/shared/crypto';
import { replaceDurably } from '../files/index.ts';

/** Where the ledger ended when this was written. Kept beside the vault, away from the ledger itself. */
export interface LedgerHead {
  readonly vault: string;
  readonly seq: number;
  /** Code of the line `seq`. */
  readonly last: string;
}

/** @returns `undefined` where there is none; `damaged` where there is one that wasn't written with this key */
export function readLedgerHead(key: KeyObject, path: string): LedgerHead | 'damaged' | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { mac, ...head } = JSON.parse(readFileSync(path, 'utf8')) as LedgerHead & { mac: unknown };
    return typeof mac === 'string' && constantTimeEqual(codeOf(key, head), mac) ? head : 'damaged';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    return 'damaged';
  }
}

/** Writes the head so that after a crash there is either the old or the new one. */
export function writeLedgerHead(key: KeyObject, path: string, head: LedgerHead): void {
  replaceDurably(path, `${JSON.stringify({ ...head, mac: codeOf(key, head) })}\n`);
}

function codeOf(key: KeyObject, { vault, seq, last }: LedgerHead): string {
  return hmacHex(key, lengthPrefixed('sdp-privacy-head-v1', vault, seq, last));
}
