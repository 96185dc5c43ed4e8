import { UsageError, VaultError } from '@sdp/shared/errors';
import { isToken } from '@sdp/shared/tokenization';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { type ColumnEdit, type CsvOptions, resolveColumns, rewriteCsv } from '../csv/index.ts';
import { fileIdentity } from '../files/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import { csvOptionsIn, type Manifest, manifestPathFor, readManifest, verifyManifest } from '../manifest/index.ts';
import { openVault, type Vault } from '../vault/index.ts';
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
  readonly csv: CsvOptions;
}

export interface RevealedColumn {
  readonly name: string;
  readonly index: number;
  /** Cells whose value was put back. */
  revealed: number;
  /** Tokens that the vault doesn't know; only with `keepUnknown`. */
  unknown: number;
}

export interface DetokenizeOutcome {
  readonly outputPath: string;
  readonly rows: number;
  /** Those in which tokens were looked for. */
  readonly columns: readonly RevealedColumn[];
  /** `undefined` where none was used. */
  readonly manifest: Manifest | undefined;
}

/** What is read along with the tokens, so that they are found where they are. */
interface Provenance {
  readonly manifest: Manifest | undefined;
  readonly vault: Vault;
}

/**
 * Puts the values back in the place of their tokens: the inverse, byte for byte, of tokenizing. With a manifest only its
 * token columns are touched, each with its own namespace; else any cell that is a token as a whole.
 */
export async function detokenizeFile(context: CommandContext, request: DetokenizeRequest): Promise<DetokenizeOutcome> {
  const masterKey = await loadMasterKey(context);
  const input = await openInput(context, request.input);
  const vault = await openVault({ path: request.vaultPath, masterKey, readOnly: true });
  const progress = rowProgress(context.terminal, 'Detokenizing', input);
  let target: OutputTarget | undefined;
  try {
    const manifest = await manifestOf(context, request, vault);
    target = await OutputTarget.open(context, request.output, {
      // It holds personal data again.
      mode: 0o600,
      mustNotBe: [input.identity, await fileIdentity(request.vaultPath)],
    });
    let columns: readonly RevealedColumn[] = [];
    const { rows } = await rewriteCsv(
      input.source,
      target,
      (header) => {
        const planned = revealEdits(header, request, { manifest, vault });
        columns = planned.columns;
        return { edits: planned.edits, restores: true, afterChunk: (done) => progress.update(done) };
      },
      { ...csvOptionsIn(manifest), ...request.csv, signal: context.signal },
    );
    await target.sync();
    context.signal.throwIfAborted();
    await target.publish();
    return { outputPath: target.path, rows, columns, manifest };
  } finally {
    progress.stop();
    await target?.discard();
    await vault.close();
  }
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

function revealEdits(
  header: readonly string[],
  { columns: named, keepUnknown }: DetokenizeRequest,
  { manifest, vault }: Provenance,
): { readonly edits: readonly ColumnEdit[]; readonly columns: readonly RevealedColumn[] } {
  const places = manifest
    ? manifest.columns.flatMap(({ index, method, namespace }) => (method === 'token' ? [{ index, namespace }] : []))
    : (named ? resolveColumns(header, named) : header.keys().toArray()).map((index) => ({
        index,
        namespace: undefined,
      }));
  const planned = places.map(({ index, namespace }): { edit: ColumnEdit; column: RevealedColumn } => {
    const reveal = vault.revealer(namespace === undefined ? undefined : [namespace]);
    const column = { name: header[index] ?? '', index, revealed: 0, unknown: 0 };
    const replace = (text: string, row: number) => {
      if (!isToken(text)) return undefined;
      const value = reveal(text);
      if (value === undefined) {
        if (!keepUnknown) throw unknownToken(column, row);
        column.unknown++;
        return undefined;
      }
      column.revealed++;
      return value;
    };
    return { edit: { index, replace }, column };
  });
  return { edits: planned.map(({ edit }) => edit), columns: planned.map(({ column }) => column) };
}

function unknownToken({ name, index }: RevealedColumn, row: number): VaultError {
  return new VaultError('token-unknown', {
    message: `The token in row ${row}, column ${index + 1} is not in the vault`,
    remedy: 'Use the vault with which the file was tokenized, or leave such tokens as they are with --keep-unknown.',
    details: { row, column: name, columnIndex: index },
  });
}
