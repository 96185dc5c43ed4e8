import { sumOfCosts } from '@sdp/shared/anonymization/privacy';
import { InputError, UsageError } from '@sdp/shared/errors';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ByteSource } from '../../csv/index.ts';
import { openInput } from '../../pipeline/open-input.ts';
import {
  cryptoSource,
  defaultConfidence,
  gatherAnswers,
  ledgerKey,
  openLedger,
  parseConfidence,
  type Question,
  type QuestionSheet,
  readQuestion,
  readQuestionSheet,
  statisticNames,
} from '../../privacy/index.ts';
import { openTable } from '../../tables/index.ts';
import { type CommandContext, pathFrom, vaultPathFrom } from '../context.ts';
import { addCsvFlags, type CsvFlags, csvOptionsOf } from '../csv-flags.ts';
import { addOutputFlags } from '../output-flags.ts';
import { withVault } from '../vault/with-vault.ts';
import { reportAnswers } from './report-answers.ts';

interface QueryFlags extends CsvFlags {
  readonly input: string;
  readonly vault?: string;
  readonly config?: string;
  readonly dataset?: string;
  readonly statistic?: string;
  readonly column?: string;
  readonly bounds?: readonly string[];
  readonly edges?: readonly string[];
  readonly categories?: readonly string[];
  readonly quantiles?: readonly string[];
  readonly groupBy?: string;
  readonly groups?: readonly string[];
  readonly noise?: string;
  readonly epsilon?: string;
  readonly delta?: string;
  readonly rho?: string;
  readonly person?: string;
  readonly recordsPerPerson?: number;
  readonly confidence?: number;
}

/** `sdp privacy query` */
export function privacyQueryCommand(context: CommandContext): Command {
  const command = new Command('query')
    .summary('answer questions about a table with differential privacy')
    .description(
      'Reads a table, charges the questions to the budget of its data set, and only then draws the noise and prints the answers. Bounds, bins and groups are declared, never taken from the data. Nothing of the exact values is shown.',
    )
    .requiredOption('--input <file>', 'CSV file (gzip and zstd too) or .xlsx workbook to read; - for stdin')
    .option('--config <file>', 'YAML file with dataset and questions, in place of the flags below')
    .option('--dataset <name>', 'data set whose budget is charged')
    .addOption(new Option('--statistic <name>', 'what is asked for').choices(statisticNames))
    .option('--column <name>', 'column that it is asked of; all but a count need one')
    .option(
      '--bounds <numbers>',
      'lower and upper bound of the values, such as 0,120; values beyond are clamped',
      listOf,
    )
    .option('--edges <numbers>', 'edges of a histogram’s bins, such as 0,18,65,120', listOf)
    .option('--categories <names>', 'categories that a histogram counts, separated by commas', listOf)
    .option('--quantiles <numbers>', 'between 0 and 1, such as 0.25,0.5,0.75', listOf)
    .option('--group-by <column>', 'answer for each group of this column; together they cost as much as one')
    .option('--groups <names>', 'the groups, separated by commas', listOf)
    .addOption(new Option('--noise <name>', 'kind of noise (default: laplace)').choices(['laplace', 'gaussian']))
    .option('--epsilon <number>', 'how much of the budget the answer may use')
    .option('--delta <number>', 'for Gaussian noise')
    .option('--rho <number>', 'for Gaussian noise, in place of epsilon and delta')
    .option('--person <column>', 'column that tells whose a record is (default: each record is a person of its own)')
    .option('--records-per-person <count>', 'records of one person that count, with --person (default: 1)', recordsOf)
    .option('--confidence <share>', 'of the bounds that are printed (default: 0.95)', confidenceOf)
    .option('--vault <file>', 'vault whose ledger is charged (default: SDP_VAULT, else token_vault.db)');
  return addOutputFlags(addCsvFlags(command))
    .addHelpText(
      'after',
      `
What was charged stays charged, also where the command is interrupted before it prints. Names with commas in them need --config.

Examples:
  $ sdp privacy query --input customers.csv --dataset customers --statistic count --epsilon 0.1 --group-by country --groups DE,FR,IT
  $ sdp privacy query --input customers.csv --dataset customers --statistic mean --column age --bounds 0,120 --epsilon 0.2
  $ sdp privacy query --input customers.csv --config configs/privacy_questions.yml
`,
    )
    .action((flags: QueryFlags) => query(context, flags));
}

async function query(context: CommandContext, flags: QueryFlags): Promise<void> {
  const sheet = await sheetOf(context, flags);
  await withVault(context, flags, async (vault) => {
    const ledger = openLedger(context, vault, vaultPathFrom(context, flags.vault));
    const cost = sumOfCosts(sheet.questions.map(({ plan }) => plan.cost));
    // Looked at before the file is read, and again, by `charge`, under the ledger's lock.
    const known = ledger.accounts().of(sheet.dataset);
    if (known === undefined) throw new InputError('privacy-dataset-unknown');
    known.account.charge(cost);
    const progress = context.terminal.progress('reading', { unit: 'rows' });
    try {
      const gathered = await gatherAnswers(await textOf(context, flags.input), sheet, {
        key: ledgerKey(vault),
        csv: { ...csvOptionsOf(flags), signal: context.signal },
        onRows: (rows) => progress.update(rows),
      });
      progress.stop();
      const receipt = ledger.charge({
        dataset: sheet.dataset,
        cost,
        questions: sheet.questions.map(nameOfQuestion),
        file: gathered.file,
      });
      reportAnswers(context, sheet, gathered.release(cryptoSource()), receipt);
    } finally {
      progress.stop();
    }
  });
}

const nameOfQuestion = ({ statistic, column }: Question) =>
  column === undefined ? statistic : `${statistic} of ${column}`;

async function sheetOf(context: CommandContext, flags: QueryFlags): Promise<QuestionSheet> {
  const { config, dataset, person, recordsPerPerson = 1, confidence = defaultConfidence } = flags;
  const { statistic, column, bounds, edges, categories, quantiles, groupBy, groups, noise, epsilon, delta, rho } =
    flags;
  const written = {
    statistic,
    column,
    bounds,
    edges,
    categories,
    quantiles,
    group_by: groupBy,
    groups,
    noise,
    epsilon,
    delta,
    rho,
  };
  if (config !== undefined) {
    const others = [dataset, person, flags.recordsPerPerson, flags.confidence, ...Object.values(written)];
    if (others.every((flag) => flag === undefined)) return await readQuestionSheet(pathFrom(context, config));
    throw invalid('--config and flags that say what is asked exclude each other');
  }
  if (dataset === undefined) throw invalid('--dataset or --config is missing');
  if (person === undefined && flags.recordsPerPerson !== undefined)
    throw invalid('--records-per-person needs --person');
  const findings: string[] = [];
  const question = readQuestion(written, { recordsPerPerson, confidence }, (field, message) =>
    findings.push(`--${field.replace('_', '-')} ${message}`),
  );
  if (question === undefined) throw invalid(findings.join('; '));
  return { dataset, ...(person === undefined ? {} : { person }), recordsPerPerson, confidence, questions: [question] };
}

const invalid = (message: string) =>
  new UsageError('usage-invalid', { message, remedy: 'Run `sdp privacy query --help` to see examples.' });

/** The table as CSV text. @throws {InputError} `format-unsupported` */
async function textOf(context: CommandContext, path: string): Promise<ByteSource> {
  const table = await openTable(await openInput(context, path), { name: path });
  if (table.format === 'csv') return table.text;
  if (table.format === 'xlsx') {
    const { csvOfSheet } = await import('../../xlsx/csv-of-sheet.ts');
    return csvOfSheet(table, { signal: context.signal });
  }
  throw new InputError('format-unsupported', {
    message: `Files of the format ${table.format} cannot be asked about`,
    remedy: 'Give the same table as CSV, compressed or not, or as a workbook.',
  });
}

const listOf = (text: string): readonly string[] => text.split(',').map((part) => part.trim());

function recordsOf(text: string): number {
  if (/^[1-9]\d{0,2}$|^1000$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
}

function confidenceOf(text: string): number {
  const value = parseConfidence(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('It must be a number from 0.5 to 0.999.');
}
