import { UsageError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { createRecordAudit, type RecordAudit } from '../audit/index.ts';
import { applyMigrations, createPool, type Pool, withTransaction } from '../database/index.ts';
import { type ApiKeyStore, createApiKeyStore } from '../http/index.ts';
import { scopes as allScopes, defaultScopesOf, type Scope } from '../identity/index.ts';
import type { Settings } from '../settings/index.ts';
import { openDatabase } from './open-database.ts';
import { operator } from './operator.ts';
import { type OwnerOptions, ownerOfOptions, withOwnerOptions } from './owner-options.ts';
import { printLine } from './print.ts';

type Load = () => Settings;

interface CreateOptions extends OwnerOptions {
  readonly label: string;
  readonly scope?: Scope[];
  readonly allowDeclaredSafe: boolean;
  readonly expiresInDays?: string;
  readonly json: boolean;
}

/** `sdp-server api-keys create|list|revoke`: on the configured database, or the embedded one, running or not. */
export function apiKeysCommand(load: Load): Command {
  const command = new Command('api-keys')
    .description('Make, list and revoke API keys')
    .addHelpText('after', '\nExample:\n  $ sdp-server api-keys list');
  withOwnerOptions(command.command('create'))
    .description('Make an API key and print it; it is shown this once')
    .option('--label <text>', 'what the key is for', '')
    .addOption(
      new Option(
        '--scope <scope>',
        'what the key allows of what the role may; may be repeated; all but vault:copy where left out',
      )
        .choices(allScopes)
        .argParser(collectScope),
    )
    .option('--allow-declared-safe', 'let the holder answer false alarms of the PII firewall', false)
    .option('--expires-in-days <days>', 'days until the key expires; never where left out')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server api-keys create --client-id acme --label "nightly upload"')
    .action((options: CreateOptions) => withKeys(load(), (parts) => create(parts, options)));
  command
    .command('list')
    .description('List API keys: never the keys themselves')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server api-keys list')
    .action((options: { json: boolean }) => withKeys(load(), ({ keys }) => list(keys, options.json)));
  command
    .command('revoke <key-id>')
    .description('Make a key invalid, at once and for good')
    .addHelpText('after', '\nExample:\n  $ sdp-server api-keys revoke 3f1c9a7be2d04856')
    .action((keyId: string) => withKeys(load(), (parts) => revoke(parts, keyId)));
  return command;
}

interface Parts {
  readonly pool: Pool;
  readonly keys: ApiKeyStore;
  readonly recordAudit: RecordAudit;
}

async function withKeys(settings: Settings, work: (parts: Parts) => Promise<void>): Promise<void> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-api-keys', maxConnections: 1 });
  try {
    await applyMigrations(dsn);
    await work({ pool, keys: createApiKeyStore(pool, serverKey), recordAudit: createRecordAudit(serverKey) });
  } finally {
    await pool.end();
    await stop();
  }
}

async function create({ pool, keys, recordAudit }: Parts, options: CreateOptions): Promise<void> {
  const owner = ownerOfOptions(options);
  const scopes = options.scope ?? defaultScopesOf(owner.role);
  const key = {
    ...owner,
    label: options.label.slice(0, 200),
    scopes,
    allowDeclaredSafe: options.allowDeclaredSafe,
    expiresAt: expiry(options.expiresInDays),
  };
  const { keyId, text } = await withTransaction(pool, async (tx) => {
    const made = await keys.create(key, tx);
    const clientId = owner.role === 'Client' ? owner.clientId : undefined;
    const detail = { role: owner.role, scopes, ...(owner.role !== 'Client' && { tenants: owner.tenants }) };
    await recordAudit(tx, { actor: operator(), action: 'api-key.created', subject: made.keyId, clientId, detail });
    return made;
  });
  const clientId = owner.role === 'Client' ? owner.clientId : null;
  if (options.json) printLine(JSON.stringify({ key_id: keyId, client_id: clientId, role: owner.role, api_key: text }));
  else printLine(text);
}

async function list(keys: ApiKeyStore, asJson: boolean): Promise<void> {
  const all = (await keys.list()).map((key) => ({
    key_id: key.keyId,
    client_id: key.clientId,
    role: key.role,
    tenants: key.tenants,
    label: key.label,
    scopes: key.scopes,
    allow_declared_safe: key.allowDeclaredSafe,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
  }));
  if (asJson) {
    printLine(JSON.stringify({ api_keys: all }));
    return;
  }
  if (all.length === 0) printLine('There are no API keys.');
  for (const key of all) {
    const state = key.revoked_at ? `revoked ${key.revoked_at}` : `last used ${key.last_used_at ?? 'never'}`;
    const whose = key.client_id ?? `${key.role} of ${key.tenants === '*' ? 'all clients' : key.tenants.join(',')}`;
    printLine([key.key_id, whose, key.scopes.join(','), state, key.label].join('  '));
  }
}

async function revoke({ pool, keys, recordAudit }: Parts, keyId: string): Promise<void> {
  const isRevoked = await withTransaction(pool, async (tx) => {
    if (!(await keys.revoke(keyId, tx))) return false;
    await recordAudit(tx, { actor: operator(), action: 'api-key.revoked', subject: keyId });
    return true;
  });
  if (isRevoked) {
    printLine('The key is revoked.');
    return;
  }
  throw new UsageError('usage-invalid', {
    message: 'There is no such key, or it was revoked before',
    remedy: '`sdp-server api-keys list` shows the ids.',
  });
}

const maxDays = 3_650;

function expiry(days: string | undefined): Date | undefined {
  if (days === undefined) return undefined;
  const count = Number(days);
  if (!Number.isInteger(count) || count < 1 || count > maxDays) {
    throw new UsageError('usage-invalid', { message: `--expires-in-days takes a whole number from 1 to ${maxDays}` });
  }
  return new Date(Date.now() + count * 86_400_000);
}

function collectScope(value: string, previous: Scope[] | undefined): Scope[] {
  const scope = allScopes.find((each) => each === value);
  if (!scope) throw new UsageError('usage-invalid', { message: `--scope takes one of: ${allScopes.join(', ')}` });
  return [...(previous ?? []), scope];
}
