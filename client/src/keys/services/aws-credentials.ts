import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import type { Environment } from '../key-surroundings.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Credentials from the environment, else from the profile `AWS_PROFILE` (or `default`) of the shared credentials file.
 *
 * @throws {ConfigError} `key-source-invalid`
 */
export function loadAwsCredentials(env: Environment): AwsCredentials {
  const found = fromValues(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN']);
  const profile = found === undefined ? readProfile(env) : {};
  const credentials =
    found ?? fromValues(profile['aws_access_key_id'], profile['aws_secret_access_key'], profile['aws_session_token']);
  if (credentials !== undefined) return credentials;
  throw new ConfigError('key-source-invalid', {
    message: 'There are no AWS credentials',
    remedy:
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for other kinds of sign-in run `aws configure export-credentials --format env`.',
  });
}

function fromValues(id: string | undefined, secret: string | undefined, token: string | undefined) {
  if (!id || !secret) return undefined;
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
}

function readProfile(env: Environment): Readonly<Record<string, string>> {
  const home = env['HOME'] || env['USERPROFILE'] || '';
  const path = env['AWS_SHARED_CREDENTIALS_FILE'] || (home === '' ? undefined : join(home, '.aws', 'credentials'));
  if (path === undefined) return {};
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  return parseProfile(text, env['AWS_PROFILE'] || 'default');
}

/** One section of an INI file. */
export function parseProfile(text: string, profile: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1];
    if (heading !== undefined) section = heading.trim();
    const [, name, value] = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === profile && name !== undefined && value !== undefined) values[name] = value;
  }
  return values;
}
