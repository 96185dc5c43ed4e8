import { IntegrityError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { loadMasterKey } from '../keys/index.ts';
import { formatBytes, formatNumber } from '../terminal/index.ts';
import { type Damage, openVault, type Vault, type VaultStats, type VerifyReport } from '../vault/index.ts';
import { type CommandContext, vaultPathFrom } from './context.ts';
import { addOutputFlags } from './output-flags.ts';

interface VaultOptions {
  readonly vault?: string;
}

const damageShown = 20;

/** `sdp vault stats` and `sdp vault verify`. */
export function vaultCommand(context: CommandContext): Command {
  return new Command('vault')
    .summary('look into the vault')
    .description('Says what the vault holds and checks that it is whole. No value is ever shown.')
    .addHelpText('after', '\nExample:\n  $ sdp vault stats --vault token_vault.db\n')
    .addCommand(
      subcommand('stats', 'count what is in the vault')
        .description('Counts entries, blocks and encryptions, by namespace and by key.')
        .addHelpText('after', '\nExample:\n  $ sdp vault stats --json\n')
        .action((options: VaultOptions) => withVault(context, options, (vault) => printStats(context, vault.stats()))),
    )
    .addCommand(
      subcommand('verify', 'read all of the vault and check it')
        .description(
          'Opens every block, checks that every token leads to its value and that nothing was added, removed or put back.',
        )
        .addHelpText('after', '\nExample:\n  $ sdp vault verify --vault token_vault.db\n')
        .action((options: VaultOptions) => withVault(context, options, (vault) => verify(context, vault))),
    );
}

function subcommand(name: string, summary: string): Command {
  const command = new Command(name)
    .summary(summary)
    .option('--vault <file>', 'vault file (default: SDP_VAULT, else token_vault.db)');
  return addOutputFlags(command);
}

async function withVault(
  context: CommandContext,
  options: VaultOptions,
  work: (vault: Vault) => void | Promise<void>,
): Promise<void> {
  const vault = await openVault({
    path: vaultPathFrom(context, options.vault),
    masterKey: loadMasterKey(context.env, context.cwd),
    readOnly: true,
  });
  try {
    await work(vault);
  } finally {
    await vault.close();
  }
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

async function verify({ terminal, signal }: CommandContext, vault: Vault): Promise<void> {
  const progress = terminal.progress('verifying', { unit: 'blocks', total: vault.stats().blocks });
  let report: VerifyReport;
  try {
    report = await vault.verify(({ blocksRead }) => progress.update(blocksRead), signal);
  } finally {
    progress.stop();
  }
  if (!report.ok) {
    throw new IntegrityError('vault-tampered', {
      message: `The vault is not as it was last committed: ${formatNumber(report.damageCount)} places are damaged`,
      remedy: 'Restore a backup. What is not named still opens; nothing was changed.',
      details: {
        count: report.damageCount,
        findings: report.damage.slice(0, damageShown).map((damage) => ({ message: damageText(damage) })),
      },
    });
  }
  terminal.result(
    `The vault is whole: ${formatNumber(report.entries)} entries in ${formatNumber(report.blocks)} blocks open and fit.`,
    { ok: true, entries: report.entries, blocks: report.blocks, damage: [] },
  );
}

const damageTexts: Readonly<Record<Damage['kind'], string>> = {
  structure: 'the file’s structure is damaged',
  'unknown-namespace': 'rows of a namespace that is not there',
  'unknown-key': 'sealed with a key that is not there',
  'block-unreadable': 'a block does not open',
  'blocks-changed': 'blocks were removed, added or put back to an older state',
  'token-missing': 'entries whose token is not there',
  'token-misdirected': 'tokens that lead to another entry',
  'token-without-entry': 'tokens that lead to nothing',
  'value-mismatch': 'values stored under a token that is not theirs',
  'count-mismatch': 'the number of entries is not the one last committed',
};

function damageText({ kind, namespace, blockId, count }: Damage): string {
  const where = [
    namespace === undefined ? undefined : `namespace ${namespace}`,
    blockId === undefined ? undefined : `block ${blockId}`,
  ].filter((part) => part !== undefined);
  return `${damageTexts[kind]} (${[...where, `count ${formatNumber(count)}`].join(', ')})`;
}
