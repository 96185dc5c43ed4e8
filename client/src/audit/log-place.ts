import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../keys/index.ts';
import { stateFolder } from './state-folder.ts';

/** The files of a vault's audit log. */
export interface LogPlace {
  readonly logPath: string;
  /** Folder of the heads: kept apart from vault and log, so that whoever puts those back to an old copy is found out. */
  readonly headFolder: string;
  /** Permissions of a new log. */
  readonly mode: number;
}

export interface LogSurroundings {
  readonly env: Environment;
  readonly cwd: string;
}

/** All places where a log of the vault may be, the preferred one first. */
export function logPlaces({ env, cwd }: LogSurroundings, vaultPath: string, vaultId: string): readonly LogPlace[] {
  const headFolder = join(resolve(cwd, stateFolder(env)), 'audit');
  const named = env['SDP_AUDIT_LOG'];
  // Whoever shares the vault with others shares its log with them.
  const mode = (statSync(vaultPath, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o666;
  return [
    ...(named ? [{ logPath: resolve(cwd, named), headFolder, mode }] : []),
    { logPath: `${vaultPath}.audit.jsonl`, headFolder, mode },
    { logPath: join(headFolder, `${vaultId}.jsonl`), headFolder, mode: 0o600 },
  ];
}

/**
 * Where to write: `SDP_AUDIT_LOG`, else beside the vault, else, where that folder may not be written, in the folder of
 * the heads.
 */
export function placeToWrite(surroundings: LogSurroundings, vaultPath: string, vaultId: string): LogPlace {
  const [first, ...others] = logPlaces(surroundings, vaultPath, vaultId);
  if (first === undefined) throw new Error('there is always a place');
  return others.length > 1 || isWritable(first.logPath) ? first : (others.at(-1) ?? first);
}

/** The file or folder that keeps the log, or its head, from being written; `undefined` where nothing seems to. */
export function obstacleToWriting({ logPath, headFolder }: LogPlace): string | undefined {
  if (existsSync(logPath) && !(statSync(logPath).isFile() && isWritable(logPath))) return logPath;
  return [dirname(logPath), headFolder]
    .map(nearest)
    .find((folder) => !statSync(folder).isDirectory() || !isWritable(folder));
}

/** The path itself, or the closest folder above it that is there. */
const nearest = (path: string): string => (existsSync(path) || dirname(path) === path ? path : nearest(dirname(path)));

function isWritable(path: string): boolean {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
