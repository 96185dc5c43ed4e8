import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { privacyBudgetCommand } from './budget.ts';
import { privacyQueryCommand } from './query.ts';

/** `sdp privacy …`: statistics of a local table with differential privacy. */
export function privacyCommand(context: CommandContext): Command {
  return new Command('privacy')
    .summary('answer statistics with differential privacy')
    .description(
      'Computes statistics of a table on this machine, with so much noise that the answers hardly tell whether any one person is in it, and keeps account of how much all answers together tell. docs/differential-privacy.md says what that means.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp privacy budget --dataset customers --epsilon 1\n')
    .addCommand(privacyBudgetCommand(context))
    .addCommand(privacyQueryCommand(context));
}
