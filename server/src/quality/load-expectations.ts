import { readYamlFile } from '../settings/index.ts';
import type { TableExpectations } from './expectation.ts';
import { expectationsFileSchema } from './expectations-schema.ts';

/**
 * Reads a file of expectations.
 *
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every field that is wrong and its line
 */
export function loadExpectations(path: string): readonly TableExpectations[] {
  return readYamlFile(path, expectationsFileSchema).tables;
}
