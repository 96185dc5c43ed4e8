import { InterruptedError, UsageError } from '@sdp/shared/errors';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { warnOfLeak } from '../commands/warn-of-leak.ts';
import { type Compression, compressionByName } from '../compression/index.ts';
import type { CsvOptions } from '../csv/index.ts';
import { AtomicFile, fileIdentity } from '../files/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import { createManifest, type ManifestV2, manifestPathFor, serializeManifest } from '../manifest/index.ts';
import { assertNameFits, openTable, rewriteTable, type TableFormat, type TableInput } from '../tables/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
import { toolVersion } from '../version.ts';
import { type ColumnTally, columnEdits, completeTallies } from './column-edits.ts';
import { describeColumns } from './column-record.ts';
import type { ColumnPlan } from './column-rule.ts';
import { openInput } from './open-input.ts';
import { OutputTarget } from './output-target.ts';
import { rowProgress } from './row-progress.ts';
import { assertResumable, defaultCheckpointBytes, ResumableRun } from './tokenize-run.ts';

export interface TokenizeRequest {
  /** As the user named them; `-` is stdin and stdout. */
  readonly input: string;
  readonly output: string;
  /** Beside the output where left out. */
  readonly manifest?: string;
  readonly vaultPath: string;
  readonly sourceTable: string;
  readonly keyColumn?: string;
  readonly plan: ColumnPlan;
  /** Refuses columns whose tokens frequency analysis would undo. */
  readonly strict?: boolean;
  readonly csv: CsvOptions;
  /** Of the input; by its first bytes and its name where left out. */
  readonly format?: TableFormat;
  /** Of a workbook; its first where left out. */
  readonly sheet?: string;
  /** Of the output; by its name where left out. */
  readonly compression?: Compression;
  /** Goes on from the checkpoint of a run that was stopped, and leaves one when it is stopped itself. */
  readonly resume?: boolean;
  /** Bytes of output between two checkpoints; 0 makes none. */
  readonly checkpointBytes?: number;
  /** Other files that the command reads, which the output must not replace. */
  readonly alsoReads?: readonly string[];
}

export interface TokenizeOutcome {
  readonly manifest: ManifestV2;
  /** Absolute, or `-`. */
  readonly outputPath: string;
  readonly manifestPath: string;
  readonly vaultPath: string;
  readonly tallies: readonly ColumnTally[];
  /** Values that the vault had not held before. */
  readonly newValues: number;
  /** NDJSON strings that come back equal, but with other escapes. */
  readonly respelled: number;
}

/**
 * Tokenizes one file. Output and manifest appear together, and only once the vault has everything on the disk that is
 * needed to reverse them; before that nothing is left behind but, by a run that is killed, what `resume` goes on from.
 */
export async function tokenizeFile(context: CommandContext, request: TokenizeRequest): Promise<TokenizeOutcome> {
  const masterKey = await loadMasterKey(context);
  const { signal } = context;
  const { strict = false, resume = false, csv } = request;
  const manifestPath = manifestPathOf(context, request);
  assertDistinct([pathFrom(context, request.output), manifestPath, request.vaultPath]);
  const input = await openInput(context, request.input);
  const reads = [input.identity, ...(await identitiesOf([request.vaultPath, ...(request.alsoReads ?? [])]))];
  const table = await openTable(input, { name: request.input, ...(request.format && { format: request.format }) });
  const compression = outputCompressionOf(request, table);
  const run = await runOf(context, request, table);
  const target = await OutputTarget.open(context, request.output, {
    mustNotBe: reads,
    compression,
    ...(run?.unfinished === undefined ? {} : { resume: run.unfinished }),
  });
  let manifestFile: AtomicFile | undefined;
  let vault: Vault | undefined;
  const progress = rowProgress(context.terminal, 'Tokenizing', input);
  try {
    await run?.look(table);
    manifestFile = await AtomicFile.create(manifestPath, { mustNotBe: reads });
    let tallies: readonly ColumnTally[] = [];
    let entriesBefore = 0;
    const { rows, format, respelled } = await rewriteTable(
      table,
      target,
      async (header) => {
        // Only now: a file that can't be tokenized as asked makes no vault.
        const rules = request.plan(header);
        vault = await openVault({ path: request.vaultPath, masterKey, create: true });
        warnOfLeak(context.terminal, vault.pendingAfterLeak());
        const opened = vault;
        const planned = columnEdits(rules, opened);
        tallies = planned.tallies;
        entriesBefore = opened.stats().entries;
        const { sourceTable, keyColumn } = request;
        const plan = JSON.stringify({
          toolVersion,
          rules,
          csv,
          format: table.format,
          compression,
          sourceTable,
          keyColumn,
        });
        const began = target.canBeResumed ? run?.begin({ vault, plan }, target, tallies, entriesBefore) : undefined;
        entriesBefore = began?.entriesBefore ?? entriesBefore;
        return {
          edits: planned.edits,
          ...(began === undefined ? {} : { checkpoints: began.checkpoints }),
          afterChunk: async ({ rows: done }) => {
            progress.update({ rows: done, inputBytes: table.fileBytesRead() });
            await opened.drain();
          },
        };
      },
      { csv, signal, ...(request.sheet === undefined ? {} : { sheet: request.sheet }) },
    );
    if (!vault) throw new Error('the plan was not asked for');
    await vault.flush();
    completeTallies(tallies, vault, strict);
    const newValues = vault.stats().entries - entriesBefore;
    const file = await target.finish();
    const manifest = createManifest<ManifestV2>(
      {
        version: 2,
        created_at: new Date().toISOString(),
        tool_version: toolVersion,
        source_table: request.sourceTable,
        key_column: request.keyColumn ?? null,
        ...describeColumns(tallies.map(({ rule }) => rule)),
        row_count: rows,
        format,
        compression,
        file,
      },
      vault,
    );
    await manifestFile.write(Buffer.from(serializeManifest(manifest)));
    await manifestFile.sync();
    await target.sync();
    signal.throwIfAborted();
    // The manifest first: should the machine stop in between, a manifest without its file fits nothing.
    await manifestFile.publish();
    await target.publish();
    const { vaultPath } = request;
    return { manifest, outputPath: target.path, manifestPath, vaultPath, tallies, newValues, respelled };
  } catch (error) {
    // A checkpoint that doesn't fit may fit the run that it was meant for.
    if (resume && (error instanceof InterruptedError || isUnfit(error))) await run?.keep(target);
    throw error;
  } finally {
    progress.stop();
    await manifestFile?.discard();
    await target.discard();
    await run?.end();
    await vault?.close();
  }
}

function outputCompressionOf({ compression, output }: TokenizeRequest, { format }: TableInput): Compression {
  const chosen = compression ?? (output === stdioPath ? 'none' : compressionByName(output));
  if (output !== stdioPath) assertNameFits(output, format);
  if (format !== 'parquet' || chosen === 'none') return chosen;
  throw new UsageError('usage-invalid', {
    message: 'A Parquet file is compressed inside, not as a whole',
    remedy: 'Leave out --compression and the extension that says it.',
  });
}

async function runOf(
  context: CommandContext,
  { output, strict = false, resume = false, checkpointBytes = defaultCheckpointBytes }: TokenizeRequest,
  table: TableInput,
): Promise<ResumableRun | undefined> {
  const toFile = output !== stdioPath;
  if (resume) assertResumable(table, { strict, toFile });
  const possible = toFile && table.file.path !== undefined && (table.format === 'csv' || table.format === 'ndjson');
  if (!possible) return undefined;
  return ResumableRun.open(context, pathFrom(context, output), { resume, everyBytes: checkpointBytes });
}

function isUnfit(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'checkpoint-unfit';
}

function manifestPathOf(context: CommandContext, { output, manifest }: TokenizeRequest): string {
  if (manifest !== undefined) return pathFrom(context, manifest);
  if (output !== stdioPath) return manifestPathFor(pathFrom(context, output));
  throw new UsageError('usage-invalid', {
    message: 'With --output - the manifest needs a file of its own',
    remedy: 'Add --manifest FILE.',
  });
}

/** Files that aren't there yet have no identity to compare. */
function assertDistinct(paths: readonly string[]): void {
  if (new Set(paths).size === paths.length) return;
  throw new UsageError('usage-invalid', {
    message: 'Output, manifest and vault must be different files',
    remedy: 'Check --output, --manifest and --vault.',
  });
}

async function identitiesOf(paths: readonly string[]): Promise<(string | undefined)[]> {
  return (await Promise.all(paths.map(fileIdentity))).filter((identity) => identity !== undefined);
}
