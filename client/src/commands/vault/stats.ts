import type { Command } from 'commander';
import { formatBytes, formatCount } from '../../terminal/index.ts';
import type { VaultStats } from '../../vault/index.ts';
import type { CommandContext } from '../context.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

/** `sdp vault stats` */
export function vaultStatsCommand(context: CommandContext): Command {
  return vaultSubcommand('stats', 'count what is in the vault')
    .description('Counts entries, blocks and encryptions, by namespace and by key. No value is shown.')
    .addHelpText('after', '\nExample:\n  $ sdp vault stats --json\n')
    .action((flags: VaultFlags) => withVault(context, flags, (vault) => printStats(context, vault.stats())));
}

function printStats({ terminal }: CommandContext, stats: VaultStats): void {
  terminal.result(
    [
      `Vault ${stats.id}, made ${toSeconds(stats.createdAt)}`,
      `${formatCount(stats.entries, 'entry', 'entries')} in ${formatCount(stats.blocks, 'block')}, ${formatBytes(stats.fileBytes)}${perEntry(stats)}`,
      ...(stats.tombstones === 0 ? [] : [`${formatCount(stats.tombstones, 'tombstone')} of erased entries`]),
      ...(stats.retokening ? ['Its tokens are being changed: `sdp vault retoken` is to go on'] : []),
      '',
      {
        columns: ['namespace', 'kind', 'canonical', 'expires', 'entries', 'blocks', 'erased', 'last written'],
        rows: stats.namespaces.map((namespace) => [
          namespace.namespace,
          namespace.kind,
          namespace.canonical === '' ? '–' : namespace.canonical,
          namespace.expiresDays === null ? 'never' : `${namespace.expiresDays}d`,
          namespace.entries,
          namespace.blocks,
          namespace.forgotten + namespace.expired,
          toSeconds(namespace.lastWrittenAt),
        ]),
      },
      '',
      {
        columns: ['data key', 'state', 'encryptions', 'of at most', 'last used'],
        rows: stats.keys.map((key) => [
          key.keyId,
          key.state,
          key.encryptions,
          key.encryptionCap,
          key.lastUsedAt === null ? 'never' : toSeconds(key.lastUsedAt),
        ]),
      },
    ],
    statsJson(stats),
  );
}

/** For people; scripts get the milliseconds. */
const toSeconds = (time: string) => time.replace(/\.\d+Z$/, 'Z');

function statsJson(stats: VaultStats): Readonly<Record<string, unknown>> {
  return {
    vault_id: stats.id,
    schema_version: stats.schemaVersion,
    created_at: stats.createdAt,
    entries: stats.entries,
    blocks: stats.blocks,
    tombstones: stats.tombstones,
    file_bytes: stats.fileBytes,
    bytes_per_entry: bytesPerEntry(stats),
    pending_after_leak: [...stats.pendingAfterLeak],
    retokening: stats.retokening,
    namespaces: stats.namespaces.map((namespace) => ({
      namespace: namespace.namespace,
      kind: namespace.kind,
      canonical: namespace.canonical,
      expires_days: namespace.expiresDays,
      forgotten: namespace.forgotten,
      expired: namespace.expired,
      entries: namespace.entries,
      blocks: namespace.blocks,
      created_at: namespace.createdAt,
      last_written_at: namespace.lastWrittenAt,
    })),
    keys: stats.keys.map((key) => ({
      key_id: key.keyId,
      state: key.state,
      encryptions: key.encryptions,
      encryption_cap: key.encryptionCap,
      created_at: key.createdAt,
      last_used_at: key.lastUsedAt,
    })),
  };
}

/** File size over entries, in bytes; `null` where there are too few for it to say something. */
function bytesPerEntry({ entries, fileBytes }: VaultStats): number | null {
  return entries < 10_000 ? null : Math.round((fileBytes / entries) * 10) / 10;
}

function perEntry(stats: VaultStats): string {
  const bytes = bytesPerEntry(stats);
  return bytes === null ? '' : ` (${bytes} bytes an entry)`;
}
