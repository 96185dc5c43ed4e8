import { IntegrityError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { formatCount, formatNumber } from '../../terminal/index.ts';
import type { Damage, Vault, VerifyReport } from '../../vault/index.ts';
import type { CommandContext } from '../context.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

const damageShown = 20;

/** `sdp vault verify` */
export function vaultVerifyCommand(context: CommandContext): Command {
  return vaultSubcommand('verify', 'read all of the vault and check it')
    .description(
      'Opens every block, checks that every token leads to its value and that nothing was added, removed or put back.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp vault verify --vault token_vault.db\n')
    .action((flags: VaultFlags) => withVault(context, flags, (vault) => verify(context, vault)));
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
    `The vault is whole: ${formatCount(report.entries, 'entry', 'entries')} in ${formatCount(report.blocks, 'block')} open and fit.`,
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
  'days-changed': 'days of last use were changed',
  'tombstones-changed': 'tombstones were removed, added or changed',
};

function damageText({ kind, namespace, blockId, count }: Damage): string {
  const where = [
    namespace === undefined ? undefined : `namespace ${namespace}`,
    blockId === undefined ? undefined : `block ${blockId}`,
  ].filter((part) => part !== undefined);
  return `${damageTexts[kind]} (${[...where, `count ${formatNumber(count)}`].join(', ')})`;
}
