import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type LogReport, obstacleToWriting, placeToWrite, verifyLogs } from '../audit/index.ts';
import type { CommandContext } from '../commands/context.ts';
import type { MasterKey } from '../keys/index.ts';
import { formatBytes, formatNumber } from '../terminal/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
import { type Check, fail, failOf, ok, skipped, warn } from './check.ts';

/** Larger files are left to `sdp vault verify`: doctor should take moments. */
const quickCheckBytes = 2_000_000_000;
const walBytes = 200_000_000;

const counted = (count: number, what: string) => `${formatNumber(count)} ${what}${count === 1 ? '' : 's'}`;

export interface VaultOutcome {
  readonly checks: readonly Check[];
  /** Of every master key that the vault has had. Never to leave the machine. */
  readonly fingerprints: readonly string[];
}

/** Whether the vault is there, private, whole as far as a quick look tells, and opens; and its audit log. */
export async function checkVault(
  context: CommandContext,
  path: string,
  masterKey: MasterKey | undefined,
): Promise<VaultOutcome> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined)
    return { checks: [skipped('vault', 'there is none yet; tokenizing makes one')], fingerprints: [] };
  if (!status.isFile()) {
    const found = 'the path names something that is no file';
    return { checks: [fail('vault', found, 'Check --vault and SDP_VAULT.')], fingerprints: [] };
  }
  const checks = [checkPermissions(path, status.mode), checkFile(path, status.size), checkLogFile(path)];
  if (masterKey === undefined) {
    return { checks: [...checks, skipped('vault', 'not opened, as there is no key')], fingerprints: [] };
  }
  try {
    const vault = await openVault({ path, masterKey, readOnly: true });
    try {
      return {
        checks: [...checks, ...checkContents(vault), await checkAudit(context, vault, path)],
        fingerprints: vault.keyFingerprints(),
      };
    } finally {
      await vault.close();
    }
  } catch (error) {
    return { checks: [...checks, failOf('vault', error)], fingerprints: [] };
  }
}

function checkPermissions(path: string, mode: number): Check {
  if (process.platform === 'win32') return skipped('vault-permissions', 'not checked on Windows');
  if ((mode & 0o007) !== 0) {
    return fail('vault-permissions', 'every user of this machine can read the vault file', `chmod 600 ${path}`);
  }
  if ((mode & 0o070) !== 0) {
    return warn('vault-permissions', 'the group can read the vault file', `chmod 600 ${path}, unless that is meant.`);
  }
  const folder = dirname(path);
  const folderMode = statSync(folder).mode;
  // In a folder with the sticky bit, such as /tmp, each user can exchange their own files alone.
  if ((folderMode & 0o002) !== 0 && (folderMode & 0o1000) === 0) {
    return fail('vault-permissions', 'every user of this machine can exchange the file', `chmod o-w ${folder}`);
  }
  return ok('vault-permissions', 'its owner alone can read the file');
}

function checkFile(path: string, bytes: number): Check {
  if (bytes > quickCheckBytes) {
    return skipped('vault-file', `${formatBytes(bytes)}: too large for a quick look, see \`sdp vault verify\``);
  }
  const remedy = 'Restore a backup; `sdp vault verify` names what is wrong.';
  try {
    const db = new Sqlite(path, { readonly: true });
    try {
      const found = db.prepare('PRAGMA quick_check(1)').pluck().get();
      return found === 'ok'
        ? ok('vault-file', `${formatBytes(bytes)}, its structure is whole`)
        : fail('vault-file', 'the structure of the file is damaged', remedy);
    } finally {
      db.close();
    }
  } catch {
    return fail('vault-file', 'the file cannot be read as a vault', remedy);
  }
}

/** The write-ahead log goes when the last process closes the vault; one that stays is of a killed one. */
function checkLogFile(path: string): Check {
  const bytes = existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0;
  return bytes <= walBytes
    ? ok('vault-wal', bytes === 0 ? 'no write-ahead log is left' : `${formatBytes(bytes)} of write-ahead log`)
    : warn(
        'vault-wal',
        `${formatBytes(bytes)} of write-ahead log`,
        'If no run is under way, the next one that writes takes it in.',
      );
}

function checkContents(vault: Vault): Check[] {
  const { entries, namespaces, keys } = vault.stats();
  const retired = keys.filter(({ state }) => state !== 'active').length;
  const worn = keys.filter(({ encryptions, encryptionCap }) => encryptions > 0.9 * encryptionCap).length;
  return [
    ok('vault', `opens; ${counted(entries, 'value')} in ${counted(namespaces.length, 'namespace')}`),
    ...(retired === 0
      ? []
      : [warn('vault-keys', 'values are still sealed under an older data key', 'Let `sdp vault rekey` finish.')]),
    ...(worn === 0
      ? []
      : [warn('vault-keys', 'a data key is near the end of its use', 'Make a new one with `sdp vault rekey`.')]),
  ];
}

async function checkAudit(context: CommandContext, vault: Vault, path: string): Promise<Check> {
  let reports: readonly LogReport[];
  try {
    reports = await verifyLogs(context, vault, path);
  } catch (error) {
    return failOf('audit', error);
  }
  if (reports.some(({ damage }) => damage !== undefined)) {
    return fail('audit', 'the audit log is not as it was written', 'See `sdp vault audit verify`.');
  }
  const obstacle = obstacleToWriting(placeToWrite(context, path, vault.id));
  if (obstacle !== undefined) {
    const remedy = `Make ${obstacle} a place that can be written to: where the log can’t be, nothing is revealed.`;
    return fail('audit', 'the audit log cannot be written', remedy);
  }
  if (reports.length === 0) return ok('audit', 'no reveal has been recorded');
  const reveals = reports.reduce((sum, report) => sum + report.reveals, 0);
  return reports.every(({ headKnown }) => headKnown)
    ? ok('audit', `whole; ${counted(reveals, 'reveal')}`)
    : warn(
        'audit',
        `${counted(reveals, 'reveal')}; this machine does not know where the log ended`,
        'Keep SDP_STATE_DIR (or the home folder) from run to run.',
      );
}
