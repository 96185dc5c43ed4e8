import { InputError, UsageError } from '@sdp/shared/errors';
import { type RevealEntry, type RevealRequest, type RevealRun, recordReveal } from '../audit/index.ts';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { warnOfLeak } from '../commands/warn-of-leak.ts';
import { type Compression, compressionByName } from '../compression/index.ts';
import type { CsvOptions } from '../csv/index.ts';
import { fileIdentity } from '../files/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import {
  csvOptionsIn,
  formatOf,
  type Manifest,
  manifestPathFor,
  readManifest,
  verifyManifest,
} from '../manifest/index.ts';
import { assertNameFits, openTable, rewriteTable, type TableFormat } from '../tables/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
import { isReversible, type RevealedColumn, revealEdits } from './column-reveals.ts';
import { openInput } from './open-input.ts';
import { OutputTarget } from './output-target.ts';
import { rowProgress } from './row-progress.ts';

export interface DetokenizeRequest {
  /** As the user named them; `-` is stdin and stdout. */
  readonly input: string;
  readonly output: string;
  readonly vaultPath: string;
  /** Columns to look for tokens in; where left out, those of the manifest, and without one all columns. */
  readonly columns?: readonly string[];
  /** Where left out, the file beside the input is taken if it is there. */
  readonly manifest?: string;
  /** Leaves tokens that the vault doesn't know as they are. */
  readonly keepUnknown: boolean;
  /** Why, for the audit log. */
  readonly reason?: string;
  /** Where several files are put back in one run: what it has revealed. */
  readonly run?: RevealRun;
  readonly csv: CsvOptions;
  /** Of the input; by the manifest, its first bytes and its name where left out. */
  readonly format?: TableFormat;
  /** Of the output; by its name where left out. */
  readonly compression?: Compression;
}

export interface DetokenizeOutcome {
  readonly outputPath: string;
  readonly rows: number;
  /** Those in which tokens were looked for. */
  readonly columns: readonly RevealedColumn[];
  /** `undefined` where none was used. */
  readonly manifest: Manifest | undefined;
}

/**
 * Puts the values back in the place of their tokens: the inverse, byte for byte, of tokenizing. With a manifest only its
 * columns that can be reversed are touched, each in its own way; else tokens wherever they stand.
 */
export async function detokenizeFile(context: CommandContext, request: DetokenizeRequest): Promise<DetokenizeOutcome> {
  const masterKey = await loadMasterKey(context);
  const input = await openInput(context, request.input);
  const vault = await openVault({ path: request.vaultPath, masterKey, readOnly: true });
  warnOfLeak(context.terminal, vault.pendingAfterLeak());
  const progress = rowProgress(context.terminal, 'Detokenizing', input);
  let target: OutputTarget | undefined;
  let reveal: RevealEntry | undefined;
  try {
    const manifest = await manifestOf(context, request, vault);
    const described = manifest === undefined ? undefined : formatOf(manifest).format;
    const format = request.format ?? described?.kind;
    const table = await openTable(input, { name: request.input, ...(format && { format }) });
    if (table.format === 'xlsx') throw new InputError('format-unsupported');
    const toFile = request.output !== stdioPath;
    if (toFile) assertNameFits(request.output, table.format);
    target = await OutputTarget.open(context, request.output, {
      compression: request.compression ?? (toFile ? compressionByName(request.output) : 'none'),
      // It holds personal data again.
      mode: 0o600,
      mustNotBe: [input.identity, await fileIdentity(request.vaultPath)],
    });
    let columns: readonly RevealedColumn[] = [];
    const { rows } = await rewriteTable(
      table,
      target,
      (header) => {
        const entry = recordReveal(context, vault, revealRequestOf(request, manifest));
        reveal = entry;
        const { columns: named, keepUnknown } = request;
        const options = { manifest, columns: named, keepUnknown, onReveal: (values: number) => entry.count(values) };
        const planned = revealEdits(header, options, vault);
        columns = planned.columns;
        return {
          edits: planned.edits,
          restores: true,
          afterChunk: ({ rows: done }) => progress.update({ rows: done, inputBytes: table.fileBytesRead() }),
        };
      },
      {
        csv: { ...csvOptionsIn(manifest), ...request.csv },
        signal: context.signal,
        ...(described === undefined ? {} : { described }),
      },
    );
    await target.finish();
    await target.sync();
    context.signal.throwIfAborted();
    await target.publish();
    reveal?.released();
    return { outputPath: target.path, rows, columns, manifest };
  } catch (error) {
    reveal?.failed(error, { streamed: target?.isStream ?? false });
    throw error;
  } finally {
    progress.stop();
    await target?.discard();
    await vault.close();
  }
}

/** How many values there are at most is known beforehand where there is a manifest. */
function revealRequestOf(
  { vaultPath, reason, run, input, output }: DetokenizeRequest,
  manifest: Manifest | undefined,
): RevealRequest {
  const columns = manifest?.columns.filter(isReversible);
  return {
    command: 'detokenize',
    vaultPath,
    reason,
    input,
    output,
    ...(run === undefined ? {} : { run }),
    ...(columns === undefined || manifest === undefined
      ? {}
      : {
          namespaces: columns.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace])),
          cells: manifest.row_count * columns.length,
        }),
  };
}

async function manifestOf(
  context: CommandContext,
  { input, columns, manifest }: DetokenizeRequest,
  vault: Vault,
): Promise<Manifest | undefined> {
  if (manifest !== undefined && columns !== undefined) {
    throw new UsageError('usage-invalid', {
      message: '--manifest and --column exclude each other',
      remedy: 'Leave out --manifest to look for tokens in the named columns.',
    });
  }
  if (columns !== undefined) return undefined;
  const inputPath = input === stdioPath ? undefined : pathFrom(context, input);
  const beside = inputPath === undefined ? undefined : manifestPathFor(inputPath);
  const path =
    manifest !== undefined
      ? pathFrom(context, manifest)
      : beside !== undefined && (await fileIdentity(beside)) !== undefined
        ? beside
        : undefined;
  if (path === undefined) return undefined;
  const read = await readManifest(path);
  await verifyManifest(read, {
    vault,
    remedy: 'If the file was changed on purpose, name its token columns with --column.',
    ...(inputPath === undefined ? {} : { filePath: inputPath }),
  });
  return read;
}
