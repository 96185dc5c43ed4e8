import type { Command } from 'commander';
import { formatBytes, formatNumber } from '../../terminal/index.ts';
import type { VaultStats } from '../../vault/index.ts';
import type { CommandContext } from '../context.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

/** `sdp vault stats` */
export function vaultStatsCommand(context: CommandContext): Command {
  return vaultSubcommand('stats', 'count what is in the vault')
    .description('Counts entries, blocks and encryptions, by namespace and by key.')
    .addHelpText('after', '\nExample:\n  $ sdp vault stats --json\n')
    .action((flags: VaultFlags) => withVault(context, flags, (vault) => printStats(context, vault.stats())));
}

function printStats({ terminal }: CommandContext, stats: VaultStats): void {
  terminal.result(
    [
      `Vault ${stats.id}, made ${stats.createdAt}`,
      `${formatNumber(stats.entries)} entries in ${formatNumber(stats.blocks)} blocks, ${formatBytes(stats.fileBytes)}`,
      '',
      {
        columns: ['namespace', 'entries', 'blocks', 'last written'],
        rows: stats.namespaces.map((namespace) => [
          namespace.namespace,
          namespace.entries,
          namespace.blocks,
          namespace.lastWrittenAt,
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
          key.lastUsedAt ?? 'never',
        ]),
      },
    ],
    statsJson(stats),
  );
}

function statsJson(stats: VaultStats): Readonly<Record<string, unknown>> {
  return {
    vault_id: stats.id,
    schema_version: stats.schemaVersion,
    created_at: stats.createdAt,
    entries: stats.entries,
    blocks: stats.blocks,
    file_bytes: stats.fileBytes,
    namespaces: stats.namespaces.map((namespace) => ({
      namespace: namespace.namespace,
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
