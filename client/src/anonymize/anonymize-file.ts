import { basename } from 'node:path';
import {
  type EncodedColumn,
  type HierarchySpec,
  type Protection,
  protectionOf,
  type ReidentificationRisk,
  riskOf,
  tableClasses,
  type Utility,
  utilityOf,
} from '@sdp/shared/anonymization';
import { InputError, UsageError } from '@sdp/shared/errors';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { type Compression, compressionByName } from '../compression/index.ts';
import type { CsvOptions } from '../csv/index.ts';
import { type Manifest, manifestPathFor, readManifest } from '../manifest/index.ts';
import { OutputTarget, openInput, rowProgress } from '../pipeline/index.ts';
import { assertNameFits, openTable, type TableFormat } from '../tables/index.ts';
import { anonymizeColumns, type Release } from './anonymize-columns.ts';
import type { AnonymizeConfig } from './anonymize-plan.ts';
import { assignRoles, type RoledColumn } from './assign-roles.ts';
import { HierarchyFolder, hierarchySpec } from './find-hierarchies.ts';
import { readColumns } from './read-columns.ts';
import { assertRequired, type Required } from './release-gate.ts';
import { shuffle } from './release-rows.ts';
import { warningsOf } from './release-warnings.ts';
import { releasedColumns, tokensAmong, visibleColumns } from './released-columns.ts';
import { tokenColumnsOf } from './token-columns.ts';
import { writeRelease } from './write-release.ts';

export interface AnonymizeRequest {
  /** As the user named them; `-` is stdin and stdout. */
  readonly input: string;
  /** Left out where the table is only measured. */
  readonly output?: string;
  readonly config: AnonymizeConfig;
  readonly required: Required;
  /** Leaves the rows in the order of the input. */
  readonly keepOrder: boolean;
  readonly csv: CsvOptions;
  readonly format?: TableFormat;
  readonly sheet?: string;
  readonly compression?: Compression;
  /** Other files that the command reads, which the output must not replace. */
  readonly alsoReads: readonly string[];
}

export interface AnonymizeOutcome {
  readonly outputPath: string | undefined;
  readonly rows: number;
  readonly suppressed: number;
  readonly columns: readonly RoledColumn[];
  readonly protection: Protection;
  readonly risk: ReidentificationRisk;
  readonly utility: Utility | undefined;
  readonly warnings: readonly string[];
  /** Columns that hold tokens. */
  readonly tokens: readonly string[];
  /** Of a full-domain release. */
  readonly search?: Release['search'];
}

/** Anonymizes one file, or measures it as it stands. The output appears once it is complete and as it was required. */
export async function anonymizeFile(context: CommandContext, request: AnonymizeRequest): Promise<AnonymizeOutcome> {
  const { config, output } = request;
  const { signal } = context;
  const manifest = await manifestBeside(context, request.input);
  const specs = await specsOf(context, request);
  const input = await openInput(context, request.input);
  const table = await openTable(input, { name: request.input, ...(request.format && { format: request.format }) });
  if (output !== undefined && output !== stdioPath) assertNameFits(output, table.format);
  const target =
    output === undefined
      ? undefined
      : await OutputTarget.open(context, output, {
          mustNotBe: [input.identity, ...request.alsoReads],
          compression: outputCompression(request, table.format),
        });
  const progress = rowProgress(context.terminal, 'Reading', input);
  try {
    let columns: readonly RoledColumn[] = [];
    const read = await readColumns(
      table,
      (header) => {
        assertNamesDiffer(header);
        columns = assignRoles(header, config, tokenColumnsOf(manifest));
        return chosenColumns(columns, output !== undefined);
      },
      {
        csv: request.csv,
        signal,
        ...(request.sheet === undefined ? {} : { sheet: request.sheet }),
        onRows: (rows) => progress.update({ rows, inputBytes: table.fileBytesRead() }),
      },
    );
    progress.stop();
    const tokens = tokensAmong(columns, read, tokenColumnsOf(manifest), config);
    const named = (role: 'quasi' | 'sensitive') =>
      columns.filter((column) => column.role.role === role).map(({ name }) => read.judged.get(name) as EncodedColumn);
    const [quasi, sensitive] = [named('quasi'), named('sensitive')];
    const release =
      output === undefined ? undefined : await anonymizeColumns(quasi, columns, read, specs, config, signal);
    const classOf = release?.classOf ?? tableClasses(quasi);
    const isSuppressed = (position: number) => release?.classes[position]?.suppressed === true;
    const protection = protectionOf(classOf, (position) => !isSuppressed(position), sensitive);
    const records = Uint32Array.from(classOf.keys()).filter((record) => !isSuppressed(classOf[record] as number));
    const suppressed = classOf.length - records.length;
    if (release !== undefined) assertWithinLimit(suppressed, classOf.length, config.suppression_limit ?? 0);
    const risk = riskOf(
      sizesOf(classOf, isSuppressed),
      config.population === undefined ? {} : { population: config.population },
    );
    const utility = release && utilityOf(release, quasi);
    assertRequired(request.required, {
      protection,
      risk,
      suppressed: classOf.length > 0 ? suppressed / classOf.length : 0,
      utility,
    });
    const visible = visibleColumns(columns, read, tokens, config);
    const warnings = await warningsOf(visible, sensitive, protection);
    if (target !== undefined && release !== undefined) {
      const out = releasedColumns(columns, read, release, quasi, tokens, config);
      const order = request.keepOrder ? records : shuffle(records);
      await writeRelease(out, order, read.summary.format, target, signal);
      await target.finish();
      await target.sync();
      signal.throwIfAborted();
      await target.publish();
    }
    const outcome = { rows: read.rows, suppressed, columns, protection, risk, utility, warnings, tokens: [...tokens] };
    return {
      ...outcome,
      outputPath: target?.path,
      ...(release?.search === undefined ? {} : { search: release.search }),
    };
  } finally {
    progress.stop();
    await target?.discard();
  }
}

function chosenColumns(columns: readonly RoledColumn[], releases: boolean) {
  const named = (...roles: string[]) => columns.filter(({ role }) => roles.includes(role.role)).map(({ name }) => name);
  const judged = named('quasi', 'sensitive');
  if (!columns.some(({ role }) => role.role === 'quasi')) {
    throw new UsageError('usage-invalid', {
      message: 'No column is named as a quasi-identifier',
      remedy: 'Add --quasi-identifier COLUMN, or role: quasi to a column of the configuration.',
    });
  }
  return { judged, original: releases ? named('keep', 'sensitive') : [] };
}

function assertWithinLimit(suppressed: number, records: number, limit: number): void {
  if (suppressed <= records * limit + 1e-9) return;
  throw new InputError('anonymization-impossible', {
    message: 'The table is not as asked even where all quasi-identifiers are hidden, so that nothing could be released',
    details: { count: suppressed },
  });
}

function assertNamesDiffer(header: readonly string[]): void {
  const twice = header.findIndex((name, index) => header.indexOf(name) !== index);
  if (twice < 0) return;
  throw new InputError('csv-column-ambiguous', {
    message: `Column ${twice + 1} has the name of another one, so that roles cannot tell them apart`,
    details: { columnIndex: twice },
  });
}

function sizesOf(classOf: Uint32Array, isSuppressed: (position: number) => boolean): number[] {
  const sizes: number[] = [];
  for (const position of classOf) sizes[position] = (sizes[position] ?? 0) + 1;
  return sizes.filter((size, position) => size > 0 && !isSuppressed(position));
}

async function specsOf(context: CommandContext, { config, input }: AnonymizeRequest) {
  const table = basename(input).replace(/[.].*$/s, '');
  const folder =
    config.hierarchies === undefined ? undefined : await HierarchyFolder.open(pathFrom(context, config.hierarchies));
  const specs = new Map<string, HierarchySpec | undefined>();
  for (const [name, role] of Object.entries(config.columns ?? {})) {
    if (role.role === 'quasi') specs.set(name, await hierarchySpec(name, role, folder, table));
  }
  return specs;
}

/** A manifest that can't be read says nothing; tokens are known by their shape as well. */
async function manifestBeside(context: CommandContext, input: string): Promise<Manifest | undefined> {
  if (input === stdioPath) return undefined;
  return await readManifest(manifestPathFor(pathFrom(context, input))).catch(() => undefined);
}

function outputCompression({ compression, output = stdioPath }: AnonymizeRequest, format: TableFormat): Compression {
  const chosen = compression ?? (output === stdioPath ? 'none' : compressionByName(output));
  if (format !== 'parquet' || chosen === 'none') return chosen;
  throw new UsageError('usage-invalid', {
    message: 'A Parquet file is compressed inside, not as a whole',
    remedy: 'Leave out --compression and the extension that says it.',
  });
}
