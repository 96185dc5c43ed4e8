import { existsSync } from 'node:fs';
import {
  amountText,
  type Decimal,
  decimalOne,
  type PrivacyBudget,
  parseDecimal,
  rhoWithin,
} from '@sdp/shared/anonymization/privacy';
import { InputError, UsageError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { type DatasetAccount, openLedger, readAmount, writtenAmount } from '../../privacy/index.ts';
import { openVault } from '../../vault/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { addOutputFlags } from '../output-flags.ts';

interface BudgetFlags {
  readonly dataset?: string;
  readonly composition?: 'basic' | 'zcdp';
  readonly epsilon?: string;
  readonly delta?: string;
  readonly rho?: string;
  readonly vault?: string;
}

/** `sdp privacy budget` */
export function privacyBudgetCommand(context: CommandContext): Command {
  const command = new Command('budget')
    .summary('give a data set its privacy budget, or show what is left')
    .description(
      'With --epsilon (and --delta) or --rho: gives a data set its budget, once and for good. Else shows the budgets, what was spent of them and what is left; with --dataset the answers too.',
    )
    .option('--dataset <name>', 'the data set: all tables about the same people go by one name')
    .option('--epsilon <number>', 'what all answers may spend together')
    .option('--delta <number>', 'probability with which that may fail; Gaussian noise needs one')
    .option('--rho <number>', 'in place of epsilon and delta: zero-concentrated differential privacy')
    .addOption(
      new Option(
        '--composition <name>',
        'how costs are added up: basic adds epsilons and deltas, zcdp adds rhos, so that many small questions cost less',
      ).choices(['basic', 'zcdp']),
    )
    .option(
      '--vault <file>',
      'vault whose ledger it is (default: SDP_VAULT, else token_vault.db); made where there is none',
    );
  return addOutputFlags(command)
    .addHelpText(
      'after',
      `
Examples:
  $ sdp privacy budget --dataset customers --epsilon 2 --delta 1e-6 --composition zcdp
  $ sdp privacy budget
`,
    )
    .action((flags: BudgetFlags) => run(context, flags));
}

async function run(context: CommandContext, flags: BudgetFlags): Promise<void> {
  const budget = budgetOf(flags);
  const path = vaultPathFrom(context, flags.vault);
  const masterKey = await loadMasterKey(context);
  const create = budget !== undefined && !existsSync(path);
  const vault = await openVault({ path, masterKey, ...(create ? { create } : { readOnly: true }) });
  try {
    const ledger = openLedger(context, vault, path);
    if (budget !== undefined) ledger.declare(flags.dataset as string, budget);
    const accounts = ledger.accounts();
    if (flags.dataset === undefined) return show(context, accounts.all, false);
    const found = accounts.of(flags.dataset);
    if (found === undefined) throw new InputError('privacy-dataset-unknown');
    show(context, [found], budget === undefined);
  } finally {
    await vault.close();
  }
}

/** @returns `undefined` where the budgets are to be shown */
function budgetOf({ dataset, composition, epsilon, delta, rho }: BudgetFlags): PrivacyBudget | undefined {
  if (composition === undefined && epsilon === undefined && delta === undefined && rho === undefined) return undefined;
  if (dataset === undefined || !/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u.test(dataset)) {
    throw invalid('--dataset names the data set: at most 100 letters, digits, blanks and . _ -');
  }
  if (rho !== undefined) {
    if (epsilon !== undefined || delta !== undefined || composition === 'basic') {
      throw invalid('--rho stands in place of --epsilon, --delta and --composition basic');
    }
    return { composition: 'zcdp', rho: positive('--rho', rho) };
  }
  if (epsilon === undefined) throw invalid('--epsilon or --rho is missing');
  const most = positive('--epsilon', epsilon);
  const failing = delta === undefined ? (0n as Decimal) : positive('--delta', delta);
  if (failing > decimalOne / 1_000n)
    throw invalid('--delta has to be at most 0.001; far less than one in as many as there are people');
  if (composition !== 'zcdp') return { composition: 'basic', epsilon: most, delta: failing };
  if (failing === 0n) throw invalid('--composition zcdp needs --delta, or --rho');
  return { composition: 'zcdp', rho: rhoWithin(most, failing) };
}

function positive(flag: string, text: string): Decimal {
  const value = parseDecimal(text);
  if (value !== undefined && value > 0n && value <= 1_000n * decimalOne) return value;
  throw invalid(`${flag} has to be a number above 0, at most 1000, with at most 18 decimal places`);
}

const invalid = (message: string) =>
  new UsageError('usage-invalid', { message, remedy: 'Run `sdp privacy budget --help` to see an example.' });

function show({ terminal }: CommandContext, accounts: readonly DatasetAccount[], withCharges: boolean): void {
  const [first] = accounts;
  terminal.result(
    first === undefined
      ? 'No data set has a privacy budget.'
      : [
          {
            columns: ['data set', 'counted by', 'budget', 'spent', 'left', 'answers'],
            rows: accounts.map(({ dataset, account, charges }) => [
              dataset,
              account.budget.composition,
              amountText(account.budget),
              amountText(account.spent),
              amountText(account.left),
              charges.reduce((sum, { questions }) => sum + questions.length, 0),
            ]),
          },
          ...(withCharges && first.charges.length > 0
            ? [
                '',
                {
                  columns: ['time', 'operator', 'questions', 'charged'],
                  rows: first.charges.map(({ time, operator, questions, amount }) => [
                    time.replace(/\.\d+Z$/, 'Z'),
                    operator.name ?? operator.user,
                    questions.join(', '),
                    amountText(readAmount(amount)),
                  ]),
                },
              ]
            : []),
        ],
    {
      datasets: accounts.map(({ dataset, account, charges }) => ({
        dataset,
        budget: writtenAmount(account.budget),
        spent: writtenAmount(account.spent),
        left: writtenAmount(account.left),
        charges: charges.map(({ time, operator, questions, amount }) => ({ time, operator, questions, amount })),
      })),
    },
  );
}
