import { objectives } from '@sdp/shared/anonymization';
import { UsageError } from '@sdp/shared/errors';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type AnonymizeConfig,
  algorithms,
  anonymizeFile,
  diversities,
  otherTreatments,
  type RequirementName,
  readAnonymizeConfig,
  requirements,
  tokenTreatments,
} from '../anonymize/index.ts';
import { type CommandContext, pathFrom } from './context.ts';
import { addCsvFlags, type CsvFlags, collect, csvOptionsOf } from './csv-flags.ts';
import { addOutputFlags } from './output-flags.ts';
import { reportRelease } from './report-release.ts';
import { addTableFlags, type TableFlags, tableRequestOf } from './table-flags.ts';

interface AnonymizeFlags extends CsvFlags, TableFlags {
  readonly input: string;
  readonly output?: string;
  readonly config?: string;
  readonly quasiIdentifier?: readonly string[];
  readonly sensitive?: readonly string[];
  readonly keep?: readonly string[];
  readonly drop?: readonly string[];
  readonly others?: AnonymizeConfig['others'];
  readonly hierarchies?: string;
  readonly k?: number;
  readonly l?: number;
  readonly lModel?: AnonymizeConfig['l_model'];
  readonly t?: number;
  readonly algorithm?: AnonymizeConfig['algorithm'];
  readonly objective?: AnonymizeConfig['objective'];
  readonly relaxed?: boolean;
  readonly suppressionLimit?: number;
  readonly tokens?: AnonymizeConfig['tokens'];
  readonly population?: number;
  readonly require?: ReadonlyMap<RequirementName, number>;
  readonly measure?: boolean;
  readonly keepOrder?: boolean;
  readonly sheet?: string;
}

/** `sdp anonymize`: makes a release of a table in which nobody can be told from others. */
export function anonymizeCommand(context: CommandContext): Command {
  const command = new Command('anonymize')
    .summary('make an anonymized release of a table')
    .description(
      'Generalizes the quasi-identifiers of a table until every row shares them with k - 1 others (k-anonymity) and, where asked, until the sensitive values of such a class are diverse (l) and distributed as in the whole table (t). Reports what was reached, the risks that are left and what it cost. Nothing is written that is not as asked.',
    )
    .requiredOption('--input <file>', 'CSV, NDJSON, Parquet or .xlsx file to read, plain or compressed; - for stdin')
    .option('--output <file>', 'release to write, replaced if it is there; - for stdout')
    .option('--config <file>', 'YAML file with what follows and the roles of the columns; flags go before it')
    .option('--quasi-identifier <column>', 'column that could single people out with others; may be repeated', collect)
    .option('--sensitive <column>', 'column that nobody is to learn of a person; may be repeated', collect)
    .option('--keep <column>', 'column to release as it stands; may be repeated', collect)
    .option('--drop <column>', 'column to leave out; may be repeated', collect)
    .addOption(new Option('--others <treatment>', 'columns without a role (default: error)').choices(otherTreatments))
    .option('--hierarchies <folder>', 'generalization hierarchies, as ARX writes them: age.csv or *_hierarchy_age.csv')
    .option('--k <number>', 'records that share the quasi-identifiers, at least', numberOf(1, 1e9))
    .option('--l <number>', 'different sensitive values in every class, at least', numberOf(1, 1e6))
    .addOption(new Option('--l-model <name>', 'how --l counts them (default: distinct)').choices(diversities))
    .option('--t <number>', 'distance of every class from the whole table, at most', numberOf(0, 1))
    .addOption(
      new Option(
        '--algorithm <name>',
        'mondrian: a range of its own for every class; optimal: one level of its hierarchy for every column, the best there is (default: mondrian)',
      ).choices(algorithms),
    )
    .addOption(new Option('--objective <name>', 'what optimal has least of (default: loss)').choices(objectives))
    .option('--relaxed', 'mondrian may put equal values into different classes')
    .option('--suppression-limit <share>', 'share of the rows that may be left out (default: 0)', numberOf(0, 1))
    .addOption(
      new Option(
        '--tokens <treatment>',
        'columns of tokens: leave out, rename for this release alone, or keep so that releases can be joined (default: drop)',
      ).choices(tokenTreatments),
    )
    .option('--population <number>', 'people that the table is a sample of, for the risks', numberOf(1, 1e12))
    .option('--require <list>', 'fail with status 9, and no output, unless e.g. k=5,l=2,risk=0.2', requiredOf)
    .option('--measure', 'measure the table as it stands; no --output')
    .option('--keep-order', 'leave rows in their order (default: shuffled, since an order can be joined by)')
    .option('--sheet <name>', 'sheet of a workbook (default: its first)');
  return addOutputFlags(addTableFlags(addCsvFlags(command)))
    .addHelpText(
      'after',
      `
--require takes ${Object.entries(requirements)
        .map(([name, kind]) => `${name} (at ${kind})`)
        .join(', ')}.
docs/anonymization.md explains the models, the algorithms and the report.

Examples:
  $ sdp anonymize --input patients.csv --output release.csv --quasi-identifier age --quasi-identifier zip \\
      --sensitive diagnosis --others drop --k 5 --l 2
  $ sdp anonymize --input release.csv --measure --quasi-identifier age --quasi-identifier zip \\
      --sensitive diagnosis --others drop --require k=5,l=2
`,
    )
    .action(async (flags: AnonymizeFlags) => {
      const config = await configOf(context, flags);
      assertComplete(flags, config);
      const { format, sheet, compression } = { ...tableRequestOf(flags), sheet: flags.sheet };
      const outcome = await anonymizeFile(context, {
        input: flags.input,
        ...(flags.output === undefined ? {} : { output: flags.output }),
        config,
        required: flags.require ?? new Map(),
        keepOrder: flags.keepOrder ?? false,
        csv: csvOptionsOf(flags),
        ...(format === undefined ? {} : { format }),
        ...(sheet === undefined ? {} : { sheet }),
        ...(compression === undefined ? {} : { compression }),
        alsoReads: flags.config === undefined ? [] : [pathFrom(context, flags.config)],
      });
      reportRelease(context, flags.input, config, outcome);
    });
}

async function configOf(context: CommandContext, flags: AnonymizeFlags): Promise<AnonymizeConfig> {
  const config = flags.config === undefined ? {} : await readAnonymizeConfig(pathFrom(context, flags.config));
  const columns = new Map(Object.entries(config.columns ?? {}));
  for (const [role, names] of [
    ['quasi', flags.quasiIdentifier],
    ['sensitive', flags.sensitive],
    ['keep', flags.keep],
    ['drop', flags.drop],
  ] as const) {
    for (const name of names ?? []) if (columns.get(name)?.role !== role) columns.set(name, { role });
  }
  const given = {
    k: flags.k,
    l: flags.l,
    l_model: flags.lModel,
    t: flags.t,
    algorithm: flags.algorithm,
    objective: flags.objective,
    relaxed: flags.relaxed,
    suppression_limit: flags.suppressionLimit,
    tokens: flags.tokens,
    others: flags.others,
    hierarchies: flags.hierarchies,
    population: flags.population,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...config, ...set, columns: Object.fromEntries(columns) };
}

function assertComplete({ output, measure }: AnonymizeFlags, { k, l, t, columns = {} }: AnonymizeConfig): void {
  if ((l !== undefined || t !== undefined) && !Object.values(columns).some(({ role }) => role === 'sensitive')) {
    throw new UsageError('usage-invalid', {
      message: 'There is an l or t, and no sensitive column that it could speak of',
      remedy: 'Add --sensitive COLUMN.',
    });
  }
  const wrong =
    measure && output !== undefined
      ? '--measure writes nothing, and --output says where to'
      : !measure && output === undefined
        ? 'There is no --output, nor --measure'
        : !measure && k === undefined
          ? 'There is no --k'
          : undefined;
  if (wrong === undefined) return;
  throw new UsageError('usage-invalid', {
    message: wrong,
    remedy: 'Give --output and --k to make a release, or --measure to look at the table as it stands.',
  });
}

function numberOf(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    }
    return value;
  };
}

function requiredOf(text: string): ReadonlyMap<RequirementName, number> {
  return new Map(
    text.split(',').map((part) => {
      const [name = '', value = '', ...rest] = part.split('=').map((each) => each.trim());
      const isKnown = Object.hasOwn(requirements, name);
      if (!isKnown || rest.length > 0 || value === '' || !(Number(value) >= 0)) {
        throw new InvalidArgumentError(
          `It must be a list of requirements like k=5,t=0.2 of ${Object.keys(requirements).join(', ')}.`,
        );
      }
      return [name as RequirementName, Number(value)];
    }),
  );
}
