import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CommandContext } from '../commands/context.ts';
import type { Vault } from '../vault/index.ts';
import { readHeads } from './audit-head.ts';
import { AuditLog } from './audit-log.ts';
import { type AuditLine, auditKey, type LinePlace, type OutcomeEvent, type RevealEvent } from './log-line.ts';
import { type LogPlace, logPlaces, placeToWrite } from './log-place.ts';
import { currentHost, currentOperator } from './operator.ts';
import { type LogReport, verifyLog } from './verify-log.ts';

/**
 * Reads every log that the vault has, in whichever of the possible places, and those that a head remembers of another
 * one: who has SDP_AUDIT_LOG point elsewhere for one command can't take that log away unnoticed.
 */
export async function verifyLogs(
  context: CommandContext,
  vault: Vault,
  vaultPath: string,
  onLine?: (line: AuditLine) => void,
): Promise<readonly LogReport[]> {
  const key = auditKey(vault);
  const sealed = vault.auditHead();
  const reports: LogReport[] = [];
  const verify = async (place: LogPlace) => {
    const report = await verifyLog({
      place,
      vaultId: vault.id,
      key,
      sealed,
      signal: context.signal,
      ...(onLine === undefined ? {} : { onLine }),
    });
    if (report !== undefined) reports.push(report);
  };
  const places = logPlaces(context, vaultPath, vault.id);
  for (const place of places) await verify(place);
  const [first] = places;
  if (first === undefined) return reports;
  const { here, elsewhere } = readHeads(key, first, vault.id, sealed);
  for (const head of [here, ...elsewhere]) {
    if (head === undefined || places.some(({ logPath }) => logPath === head.path)) continue;
    if (reports.some(({ log, lines }) => log === head.log && lines >= head.seq)) continue;
    await verify({ ...first, logPath: head.path });
  }
  return reports;
}

/** Puts the log that is written to aside and begins a new one. */
export async function restartLog(
  context: CommandContext,
  vault: Vault,
  vaultPath: string,
  reason: string,
): Promise<{ readonly path: string; readonly aside: string | undefined }> {
  const place = placeToWrite(context, vaultPath, vault.id);
  const log = new AuditLog({ place, vaultId: vault.id, key: auditKey(vault), vault });
  const sha256 = existsSync(place.logPath) ? await digestOf(place.logPath) : undefined;
  const by = { reason, operator: currentOperator(context.env), host: currentHost() };
  const aside = log.restart(by, sha256);
  return { path: place.logPath, aside: aside === undefined ? undefined : resolve(aside) };
}

/** A reveal and, once there is one, its outcome. */
export interface RevealRow {
  readonly reveal: RevealEvent & LinePlace;
  readonly outcome: (OutcomeEvent & LinePlace) | undefined;
}

/** Pairs the lines of one log after another; a reveal is told when its outcome is read, or at the end. */
export function listReveals(onRow: (row: RevealRow) => void): {
  readonly onLine: (line: AuditLine) => void;
  readonly end: () => void;
} {
  const open = new Map<string, RevealEvent & LinePlace>();
  const rows: RevealRow[] = [];
  return {
    onLine: (line) => {
      if (line.event === 'reveal') open.set(`${line.log}:${line.seq}`, line);
      if (line.event !== 'outcome') return;
      const at = `${line.log}:${line.reveal}`;
      const reveal = open.get(at);
      if (reveal !== undefined) rows.push({ reveal, outcome: line });
      open.delete(at);
    },
    end: () => {
      for (const reveal of open.values()) rows.push({ reveal, outcome: undefined });
      rows.sort((a, b) => (a.reveal.time < b.reveal.time ? -1 : 1));
      for (const row of rows) onRow(row);
    },
  };
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
