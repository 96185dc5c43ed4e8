import { readFileSync } from 'node:fs';
import { ConfigError, type Finding } from '@sdp/shared/errors';
import { readYamlFile } from '../settings/index.ts';
import { shippedFile } from '../topics/index.ts';
import type { AlertsConfig, ChannelConfig, SecretSource } from './rules/alert-config.ts';
import { alertsFileSchema } from './rules/alerts-schema.ts';

/** A channel with its secrets. Never log it. */
export interface OpenedChannel {
  readonly config: ChannelConfig;
  /** By the name of the field: `url`, `secret`, `routingKey`, `password`. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface LoadedAlerts {
  readonly config: AlertsConfig;
  readonly channels: readonly OpenedChannel[];
  /** Optional channels whose secrets aren't there. */
  readonly absent: readonly string[];
}

export interface LoadAlertsOptions {
  /** The file that SDP is shipped with where left out. */
  readonly path?: string | undefined;
  /** Of an environment variable that the file names. */
  readonly variable: (name: string) => string | undefined;
  /** False: the file alone is looked at, and no channel is opened. */
  readonly withSecrets?: boolean;
}

/**
 * Reads `alerts.yml` and the secrets that it names.
 *
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every field that is wrong and its place
 */
export function loadAlerts(options: LoadAlertsOptions): LoadedAlerts {
  const { path = shippedFile('alerts.yml'), variable, withSecrets = true } = options;
  const config = readYamlFile(path, alertsFileSchema);
  if (!withSecrets) return { config, channels: [], absent: [] };
  const channels: OpenedChannel[] = [];
  const absent: string[] = [];
  const findings: Finding[] = [];
  for (const channel of config.channels) {
    const secrets: Record<string, string> = {};
    const missing: Finding[] = [];
    for (const [field, source] of Object.entries(sourcesOf(channel))) {
      const value = read(source, variable);
      const problem = value === undefined ? notThere(source) : problemOf(field, value);
      if (problem === undefined) secrets[field] = value as string;
      else if (value === undefined) missing.push({ field: `channels.${channel.name}`, message: problem });
      else findings.push({ field: `channels.${channel.name}`, message: problem });
    }
    if (missing.length === 0) channels.push({ config: channel, secrets });
    else if (channel.isOptional) absent.push(channel.name);
    else findings.push(...missing);
  }
  if (findings.length === 0) return { config, channels, absent };
  throw new ConfigError('config-invalid', {
    message: `The configuration of alerts is not complete: ${findings.map(({ field, message }) => `${field} ${message}`).join('; ')}`,
    details: { file: path, findings, count: findings.length },
  });
}

function sourcesOf(channel: ChannelConfig): Readonly<Record<string, SecretSource>> {
  if (channel.type === 'email') return channel.password === undefined ? {} : { password: channel.password };
  if (channel.type === 'pagerduty') return { routingKey: channel.routingKey };
  if (channel.type === 'webhook') return { url: channel.url, secret: channel.secret };
  return { url: channel.url };
}

function read(source: SecretSource, variable: LoadAlertsOptions['variable']): string | undefined {
  if ('variable' in source) return variable(source.variable)?.trim() || undefined;
  try {
    return readFileSync(source.file, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

const notThere = (source: SecretSource) =>
  'variable' in source
    ? `needs the environment variable ${source.variable}, which is not set`
    : 'names a file that cannot be read or is empty';

/** The value itself is never part of what is said. */
function problemOf(field: string, value: string): string | undefined {
  if (field === 'url') {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return url?.protocol === 'https:' || url?.protocol === 'http:' ? undefined : 'has a secret that is no address';
  }
  if (field !== 'secret') return undefined;
  const bytes = Buffer.from(value.replace(/^whsec_/, ''), 'base64').length;
  return bytes >= 24 && bytes <= 64 ? undefined : 'has a signing secret that is not 24 to 64 bytes in base64';
}
