import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all files under a folder, to see what a command left behind. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
