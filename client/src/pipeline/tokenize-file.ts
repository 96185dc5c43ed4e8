import { UsageError } from '@sdp/shared/errors';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { type CsvOptions, rewriteCsv } from '../csv/index.ts';
import { AtomicFile, fileIdentity } from '../files/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import { createManifest, type ManifestV2, manifestPathFor, serializeManifest } from '../manifest/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
import { toolVersion } from '../version.ts';
import { type ColumnTally, columnEdits, completeTallies } from './column-edits.ts';
import { describeColumns } from './column-record.ts';
import type { ColumnPlan } from './column-rule.ts';
import { openInput } from './open-input.ts';
import { OutputTarget } from './output-target.ts';
import { rowProgress } from './row-progress.ts';

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
}

/**
 * Tokenizes one file. Output and manifest appear together, and only once the vault has everything on the disk that is
 * needed to reverse them; before that nothing is left behind.
 */
export async function tokenizeFile(context: CommandContext, request: TokenizeRequest): Promise<TokenizeOutcome> {
  const masterKey = await loadMasterKey(context);
  const { signal } = context;
  const manifestPath = manifestPathOf(context, request);
  assertDistinct([pathFrom(context, request.output), manifestPath, request.vaultPath]);
  const input = await openInput(context, request.input);
  const reads = [input.identity, ...(await identitiesOf([request.vaultPath, ...(request.alsoReads ?? [])]))];
  const target = await OutputTarget.open(context, request.output, { mustNotBe: reads });
  let manifestFile: AtomicFile | undefined;
  let vault: Vault | undefined;
  const progress = rowProgress(context.terminal, 'Tokenizing', input);
  try {
    manifestFile = await AtomicFile.create(manifestPath, { mustNotBe: reads });
    let tallies: readonly ColumnTally[] = [];
    let entriesBefore = 0;
    const { dialect, rows } = await rewriteCsv(
      input.source,
      target,
      async (header) => {
        // Only now: a file that can't be tokenized as asked makes no vault.
        const rules = request.plan(header);
        vault = await openVault({ path: request.vaultPath, masterKey, create: true });
        entriesBefore = vault.stats().entries;
        const opened = vault;
        const planned = columnEdits(rules, opened);
        tallies = planned.tallies;
        return {
          edits: planned.edits,
          afterChunk: async (done) => {
            progress.update(done);
            await opened.drain();
          },
        };
      },
      { ...request.csv, signal },
    );
    if (!vault) throw new Error('the plan was not asked for');
    await vault.flush();
    completeTallies(tallies, vault, request.strict ?? false);
    const newValues = vault.stats().entries - entriesBefore;
    const file = target.digest();
    const manifest = createManifest<ManifestV2>(
      {
        version: 2,
        created_at: new Date().toISOString(),
        tool_version: toolVersion,
        source_table: request.sourceTable,
        key_column: request.keyColumn ?? null,
        ...describeColumns(tallies.map(({ rule }) => rule)),
        row_count: rows,
        format: {
          kind: 'csv',
          delimiter: dialect.delimiter,
          encoding: dialect.encoding,
          lenient: request.csv.lenient ?? false,
        },
        compression: 'none',
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
    return { manifest, outputPath: target.path, manifestPath, vaultPath: request.vaultPath, tallies, newValues };
  } finally {
    progress.stop();
    await manifestFile?.discard();
    await target.discard();
    await vault?.close();
  }
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
