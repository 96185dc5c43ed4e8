import { createSecretKey, type KeyObject } from 'node:crypto';
import { constantTimeEqual, hmacHex, lengthPrefixed } from '@sdp/shared/crypto';
import type { Vault } from '../vault/index.ts';

/** Stands for the line before the first one. */
export const noLine = '0'.repeat(64);

/** Who ran the command. */
export interface Operator {
  /** Account of the operating system. */
  readonly user: string;
  readonly uid?: number;
  /** `SDP_OPERATOR`: whom the account acted for, by its own word. */
  readonly name?: string;
  /** Who became this account through sudo. */
  readonly sudo?: string;
}

/** The log's first line. */
export interface BeginEvent {
  readonly event: 'begin';
  readonly vault: string;
  /** Who closed an earlier log and why, and its digest (SHA-256) as it was put aside. */
  readonly reason?: string;
  readonly operator?: Operator;
  readonly host?: string;
  readonly predecessor?: { readonly file: string; readonly sha256: string };
  /** Logs of this vault that were to be somewhere and weren't: last part of the path, id, and number of lines. */
  readonly lost?: readonly { readonly file: string; readonly log: string; readonly seq: number }[];
}

/** Values are about to be revealed. */
export interface RevealEvent {
  readonly event: 'reveal';
  readonly command: string;
  readonly operator: Operator;
  readonly host: string;
  readonly reason?: string;
  /** All of the vault's where it is left out. */
  readonly namespaces?: readonly string[];
  /** Where it was known beforehand. */
  readonly cells?: number;
  readonly input?: string;
  readonly output?: string;
}

/** What became of the reveal that stands in line `reveal`. */
export interface OutcomeEvent {
  readonly event: 'outcome';
  readonly reveal: number;
  /** `partial`: it failed after values had left for a place that takes nothing back, such as stdout. */
  readonly status: 'released' | 'partial' | 'failed';
  readonly cells: number;
  /** Code of the error registry. */
  readonly code?: string;
}

export type AuditEvent = BeginEvent | RevealEvent | OutcomeEvent;

/** What every line has beside its event. */
export interface LinePlace {
  /** Counts from 1. */
  readonly seq: number;
  /** Random id of the log. */
  readonly log: string;
  /** ISO 8601 in UTC. */
  readonly time: string;
  /** Code of the line before; {@link noLine} in the first. */
  readonly prev: string;
}

export type AuditLine = LinePlace & AuditEvent & { readonly mac: string };

/** The key of a vault's audit log; derived inside the vault, so that a new master key doesn't change it. */
export function auditKey(vault: Pick<Vault, 'id' | 'authenticate'>): KeyObject {
  // Receipts begin with a brace: none of them can have these bytes.
  const hex = vault.authenticate('receipt', lengthPrefixed('sdp-audit-key-v1', vault.id));
  return createSecretKey(Buffer.from(hex, 'hex'));
}

/**
 * A line of the log, with its line feed: JSON whose last field is an HMAC-SHA-256 over the bytes before it. `prev` is
 * the code of the line before, which makes the lines a chain: none can be taken out, put in or moved.
 */
export function encodeLine(
  key: KeyObject,
  { seq, log, time, prev }: LinePlace,
  event: AuditEvent,
): AuditLine & { readonly text: string } {
  const line = { seq, log, time, ...event, prev };
  const body = JSON.stringify(line).slice(0, -1);
  const mac = codeOf(key, body);
  return { ...line, mac, text: `${body},"mac":"${mac}"}\n` };
}

/** @returns `undefined` for a line that wasn't written with this key, or was changed since */
export function openLine(key: KeyObject, text: string): AuditLine | undefined {
  const [, body, mac] = /^(\{.*),"mac":"([0-9a-f]{64})"\}$/s.exec(text) ?? [];
  if (body === undefined || mac === undefined || !constantTimeEqual(codeOf(key, body), mac)) return undefined;
  // The code fits, so it is what this program wrote: its shape needs no checking.
  return { ...(JSON.parse(`${body}}`) as LinePlace & AuditEvent), mac };
}

function codeOf(key: KeyObject, body: string): string {
  return hmacHex(key, lengthPrefixed('sdp-audit-line-v1', body));
}
