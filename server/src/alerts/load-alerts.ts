import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, type Finding } from '@sdp/shared/errors';
import { parseYaml, placeInYaml, type ReadText, unreadable } from '../settings/index.ts';
import { shippedFile } from '../topics/index.ts';
import type { AlertsConfig, ChannelConfig, SecretSource } from './rules/alert-config.ts';
import { alertsFileSchema } from './rules/alerts-schema.ts';

/** A channel with its secrets. Never log it. */
export interface OpenedChannel {
  readonly config: ChannelConfig;
  /** By the name of the field: `url`, `secret`, `routingKey`, `password`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Certificates of `ca_file`, in PEM. */
  readonly authorities: string | undefined;
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
export function loadAlerts({ path = shippedFile('alerts.yml'), ...options }: LoadAlertsOptions): LoadedAlerts {
  const text = readText(path);
  if (text === undefined) throw unreadable(path);
  return alertsOf({ ...options, path, text, read: readText });
}

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

export interface AlertsOfOptions extends Omit<LoadAlertsOptions, 'path'> {
  readonly path: string;
  readonly text: string;
  /** Of files that the text names. */
  readonly read: ReadText;
}

/** @throws {ConfigError} `config-invalid` with every field that is wrong and its place */
export function alertsOf(options: AlertsOfOptions): LoadedAlerts {
  const { path, text, read, variable, withSecrets = true } = options;
  const config = parseYaml(path, text, alertsFileSchema);
  if (!withSecrets) return { config, channels: [], absent: [] };
  const channels: OpenedChannel[] = [];
  const absent: string[] = [];
  const findings: Finding[] = [];
  for (const channel of config.channels) {
    const finding = (message: string): Finding => ({
      field: `channels.${channel.name}`,
      message,
      ...placeInYaml(text, ['channels', channel.name]),
    });
    const secrets: Record<string, string> = {};
    const missing: Finding[] = [];
    for (const [field, source] of Object.entries(sourcesOf(channel))) {
      const value = ('variable' in source ? variable(source.variable) : read(source.file))?.trim() || undefined;
      const problem = value === undefined ? notThere(source) : problemOf(field, value);
      if (problem === undefined) secrets[field] = value as string;
      else if (value === undefined) missing.push(finding(problem));
      else findings.push(finding(problem));
    }
    const authorities = authoritiesOf(channel, read);
    if (authorities === 'wrong') findings.push(finding('names a file of authorities that is no certificate'));
    if (missing.length === 0) channels.push({ config: channel, secrets, authorities });
    else if (channel.isOptional) absent.push(channel.name);
    else findings.push(...missing);
  }
  if (findings.length === 0) return { config, channels, absent };
  throw new ConfigError('config-invalid', {
    message: `The configuration of alerts is not complete: ${findings.map(({ field, message }) => `${field} ${message}`).join('; ')}`,
    details: { file: path, findings, count: findings.length },
  });
}

/** @returns `wrong` where the file is not there or holds none */
function authoritiesOf(channel: ChannelConfig, read: ReadText): string | undefined {
  if (channel.type !== 'email' || channel.caFile === undefined) return undefined;
  const text = read(channel.caFile) ?? '';
  try {
    new X509Certificate(text);
    return text;
  } catch {
    return 'wrong';
  }
}

function sourcesOf(channel: ChannelConfig): Readonly<Record<string, SecretSource>> {
  if (channel.type === 'email') return channel.password === undefined ? {} : { password: channel.password };
  if (channel.type === 'pagerduty') return { routingKey: channel.routingKey };
  if (channel.type === 'webhook') return { url: channel.url, secret: channel.secret };
  return { url: channel.url };
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
