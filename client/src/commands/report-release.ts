import { writtenProtection, writtenRisk, writtenUtility } from '@sdp/shared/anonymization';
import { type AnonymizeConfig, type AnonymizeOutcome, askedOf } from '../anonymize/index.ts';
import { formatCount, formatNumber, type Table } from '../terminal/index.ts';
import { type CommandContext, pathForPeople } from './context.ts';
import { riskTable, shown, utilityTable } from './release-tables.ts';

/** Says what a release protects, what risk is left and what it cost. */
export function reportRelease(
  context: CommandContext,
  input: string,
  config: AnonymizeConfig,
  outcome: AnonymizeOutcome,
): void {
  const { terminal } = context;
  for (const text of [...outcome.warnings, ...tokenNotes(outcome, config)]) terminal.warn(text);
  terminal.result(textOf(context, config, outcome), jsonOf(input, config, outcome));
}

function textOf(context: CommandContext, config: AnonymizeConfig, outcome: AnonymizeOutcome): (string | Table)[] {
  const { outputPath, rows, suppressed, protection, risk, utility, search } = outcome;
  const isRelease = outputPath !== undefined;
  const protections = protection.sensitive.flatMap(({ column, distinctL, entropyL, t }) => {
    const { l, diversity, t: mostT } = askedFor(column, outcome, config);
    return [
      [`${column}: different values (l)`, asked(diversity === 'distinct' ? l : undefined), shown(distinctL)],
      [`${column}: by entropy`, asked(diversity === 'entropy' ? l : undefined), shown(entropyL)],
      [`${column}: distance (t)`, asked(mostT), shown(t)],
    ];
  });
  return [
    {
      columns: ['protection', 'asked', 'reached'],
      rows: [['records of a class (k)', asked(config.k), shown(protection.k)], ...protections],
    },
    '',
    riskTable(writtenRisk(risk)),
    ...(utility === undefined ? [] : ['', utilityTable(writtenUtility(utility))]),
    ...(search === undefined
      ? []
      : [
          '',
          {
            columns: ['quasi-identifier', 'level'],
            rows: Object.entries(search.levels).map(([name, [level, top]]) => [name, `${level} of ${top}`]),
          },
          '',
          `the best of ${formatCount(search.transformations, 'transformation')}, ${formatNumber(search.checked)} of which were looked at`,
        ]),
    '',
    `${formatCount(rows - suppressed, 'row')} ${isRelease ? 'released' : 'measured'} in ${formatCount(protection.classes, 'class', 'classes')}${
      isRelease ? `, ${formatCount(suppressed, 'row')} left out` : ''
    }`,
    ...(outputPath === undefined || outputPath === '-' ? [] : ['', `output  ${pathForPeople(context, outputPath)}`]),
  ];
}

function jsonOf(input: string, config: AnonymizeConfig, outcome: AnonymizeOutcome): Readonly<Record<string, unknown>> {
  const { outputPath, rows, suppressed, columns, protection, risk, utility, warnings, tokens, search } = outcome;
  const isRelease = outputPath !== undefined;
  return {
    input,
    output: outputPath ?? null,
    rows,
    released: rows - suppressed,
    suppressed,
    classes: protection.classes,
    algorithm: isRelease ? (config.algorithm ?? 'mondrian') : null,
    k: { asked: config.k ?? null, reached: protection.k },
    sensitive: protection.sensitive.map((reached) => {
      const { l, diversity, t } = askedFor(reached.column, outcome, config);
      return {
        ...writtenProtection(reached),
        asked: { l: l ?? null, l_model: diversity, t: t ?? null },
      };
    }),
    risk: { ...writtenRisk(risk), threshold: 0.2, population: config.population ?? null },
    utility: utility === undefined ? null : writtenUtility(utility),
    columns: columns.map(({ name, role }) => ({ name, role: role.role })),
    levels:
      search === undefined
        ? null
        : Object.fromEntries(Object.entries(search.levels).map(([name, [level]]) => [name, level])),
    transformations: search?.transformations ?? null,
    checked: search?.checked ?? null,
    tokens: { columns: tokens, treatment: config.tokens ?? 'drop' },
    warnings,
  };
}

function tokenNotes(
  { tokens, outputPath }: AnonymizeOutcome,
  { tokens: treatment = 'drop' }: AnonymizeConfig,
): string[] {
  if (outputPath === undefined) return [];
  const done = {
    drop: 'left out; --tokens rekey releases it under names of this release',
    rekey: 'released under names of this release alone',
    keep: 'released as it stands: every file with the same tokens can be joined with the release',
  }[treatment];
  return tokens.map((name) => `column ${name} holds tokens and is ${done}`);
}

function askedFor(column: string, { columns }: AnonymizeOutcome, config: AnonymizeConfig) {
  const role = columns.find(({ name }) => name === column)?.role;
  return askedOf(role?.role === 'sensitive' ? role : { role: 'sensitive' }, config);
}

const asked = (value: number | undefined) => (value === undefined ? '' : String(value));
