import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const repositoryRoot = resolve(import.meta.dirname, '../..');

/** Folder of the public test data that isn't part of the repository. */
export const testDataFolder = resolve(repositoryRoot, process.env['SDP_TEST_DATA'] ?? '../shared/data');

/** A path inside {@link testDataFolder}. */
export function testDataPath(...parts: readonly string[]): string {
  return resolve(testDataFolder, ...parts);
}

/** Whether the data is there; tests that need it skip where it isn't. */
export function hasTestData(...parts: readonly string[]): boolean {
  return existsSync(testDataPath(...parts));
}

export function readTestJson(...parts: readonly string[]): unknown {
  return JSON.parse(readFileSync(testDataPath(...parts), 'utf8'));
}
