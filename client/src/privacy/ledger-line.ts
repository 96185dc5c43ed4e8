import { createSecretKey, type KeyObject } from 'node:crypto';
import { constantTimeEqual, hmacHex, lengthPrefixed } from '@sdp/shared/crypto';
import type { Operator } from '../audit/index.ts';
import type { Vault } from '../vault/index.ts';

/** An amount as the ledger writes it: decimals as texts, so that no reader rounds them. */
export type WrittenAmount =
  | { readonly composition: 'basic'; readonly epsilon: string; readonly delta: string }
  | { readonly composition: 'zcdp'; readonly rho: string };

/** The ledger's first line. */
export interface BeginEntry {
  readonly entry: 'begin';
  readonly vault: string;
}

/** A data set gets its budget. */
export interface BudgetEntry {
  readonly entry: 'budget';
  readonly dataset: string;
  readonly budget: WrittenAmount;
  readonly operator: Operator;
}

/** Answers were charged; written before they are drawn. */
export interface ChargeEntry {
  readonly entry: 'charge';
  readonly dataset: string;
  readonly amount: WrittenAmount;
  /** Statistics and columns that were asked for; no values, groups or bounds. */
  readonly questions: readonly string[];
  /** Keyed digest (HMAC-SHA-256) of the table's text. */
  readonly file: string;
  readonly operator: Operator;
}

export type LedgerEntry = BeginEntry | BudgetEntry | ChargeEntry;

/** What every line has beside its entry. */
export interface LedgerPlace {
  /** Counts from 1. */
  readonly seq: number;
  /** ISO 8601 in UTC. */
  readonly time: string;
  /** Code of the line before; zeros in the first. */
  readonly prev: string;
}

export type LedgerLine = LedgerPlace & LedgerEntry & { readonly mac: string };

/** The key of a vault's ledger; derived inside the vault, so that a new master key doesn't change it. */
export function ledgerKey(vault: Pick<Vault, 'id' | 'authenticate'>): KeyObject {
  // Receipts begin with a brace: none of them can have these bytes.
  const hex = vault.authenticate('receipt', lengthPrefixed('sdp-privacy-key-v1', vault.id));
  return createSecretKey(Buffer.from(hex, 'hex'));
}

/**
 * A line with its line feed: JSON whose last field is an HMAC-SHA-256 over the bytes before it. `prev` makes the lines a
 * chain: none can be taken out, put in or moved.
 */
export function encodeLedgerLine(
  key: KeyObject,
  place: LedgerPlace,
  entry: LedgerEntry,
): LedgerLine & { text: string } {
  const body = JSON.stringify({ ...place, ...entry }).slice(0, -1);
  const mac = codeOf(key, body);
  return { ...place, ...entry, mac, text: `${body},"mac":"${mac}"}\n` };
}

/** @returns `undefined` for a line that wasn't written with this key, or was changed since */
export function openLedgerLine(key: KeyObject, text: string): LedgerLine | undefined {
  const [, body, mac] = /^(\{.*),"mac":"([0-9a-f]{64})"\}$/s.exec(text) ?? [];
  if (body === undefined || mac === undefined || !constantTimeEqual(codeOf(key, body), mac)) return undefined;
  // The code fits, so it is what this program wrote: its shape needs no checking.
  return { ...(JSON.parse(`${body}}`) as LedgerPlace & LedgerEntry), mac };
}

function codeOf(key: KeyObject, body: string): string {
  return hmacHex(key, lengthPrefixed('sdp-privacy-line-v1', body));
}
