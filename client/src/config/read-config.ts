import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '@sdp/shared/errors';
import type { EventConfig } from './event-config.ts';
import { parseConfig } from './parse-config.ts';
import { parseEventConfig } from './parse-event-config.ts';
import type { TokenizationConfig } from './tokenization-config.ts';

const sizeLimit = 4 * 1024 * 1024;

/**
 * Reads a tokenization configuration from a YAML file.
 *
 * @throws {ConfigError} `config-unreadable`, `config-invalid`
 */
export async function readConfig(path: string): Promise<TokenizationConfig> {
  return parseConfig(await readConfigText(path), path);
}

/** {@link readConfig} for events. */
export async function readEventConfig(path: string): Promise<EventConfig> {
  return parseEventConfig(await readConfigText(path), path);
}

async function readConfigText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new ConfigError('config-unreadable', {
      message: missing ? 'The configuration file was not found' : 'The configuration file cannot be read',
      details: { file: path },
    });
  }
  if (bytes.length > sizeLimit || !isUtf8(bytes)) {
    throw new ConfigError('config-invalid', {
      message: 'The configuration is not a YAML file in UTF-8 of at most 4 MiB',
      remedy: 'Check --config; the data file goes to --input.',
      details: { file: path },
    });
  }
  return bytes.toString('utf8');
}
