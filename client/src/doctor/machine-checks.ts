import { readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { formatBytes } from '../terminal/index.ts';
import { toolVersion } from '../version.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** As `engines` in package.json has it. */
const oldestNode = [22, 22] as const;
const spareBytes = 1_000_000_000;
/** With less, not even a small vault or its log of changes fits. */
const leastBytes = 20_000_000;
const leftoverMs = 3_600_000;

export interface MachineSurroundings {
  readonly cwd: string;
  readonly vaultPath: string;
  readonly now: number;
}

/** Versions, disk and what interrupted runs left behind. */
export function checkMachine({ cwd, vaultPath, now }: MachineSurroundings): Check[] {
  const folders = [...new Set([dirname(vaultPath), cwd])];
  return [checkVersions(), ...folders.map(checkSpace), checkLeftovers(folders, now)].filter(
    (check) => check !== undefined,
  );
}

function checkVersions(): Check {
  const db = new Sqlite(':memory:');
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get());
  db.close();
  const found = `sdp ${toolVersion}, Node ${process.versions.node}, SQLite ${sqlite}`;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
    ? ok('versions', found)
    : warn('versions', found, `Use Node ${oldestNode.join('.')} or newer; \`npm ci\` installs one.`);
}

function checkSpace(folder: string): Check | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    const found = `${formatBytes(free)} free in ${folder}`;
    const remedy = 'Free some space: a run that fills the disk fails, and leaves no output.';
    if (free < leastBytes) return fail('disk', found, remedy);
    return free >= spareBytes ? ok('disk', found) : warn('disk', found, remedy);
  } catch {
    return undefined;
  }
}

function checkLeftovers(folders: readonly string[], now: number): Check {
  const old = folders.flatMap(temporaryFiles).filter((path) => {
    const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    return modified !== undefined && now - modified > leftoverMs;
  });
  return old.length === 0
    ? ok('leftovers', 'no temporary files of killed runs')
    : warn(
        'leftovers',
        `${old.length} temporary files of killed runs, such as ${old[0]}`,
        'Remove them once no run is under way: they may hold personal data.',
      );
}

function temporaryFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith('.') && name.endsWith('.sdp-tmp'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
