import { VaultError } from '@sdp/shared/errors';
import { tokensInText } from '@sdp/shared/tokenization';
import { type ColumnEdit, type RowView, resolveColumns } from '../csv/index.ts';
import type { Manifest, ManifestColumn } from '../manifest/index.ts';
import type { RevealingAuthority } from './column-authority.ts';
import { type Restored, type Restorer, restorerOf, restorerOfAnyTokens, unknownValue } from './column-restore.ts';

const tokenLength = 36;

export interface RevealedColumn {
  readonly name: string;
  readonly index: number;
  /** Cells whose value was put back. */
  revealed: number;
  /** Cells whose value isn't known here; only with `keepUnknown`. */
  unknown: number;
}

export interface RevealOptions {
  /** Says how each column was made; without one, tokens are known by their shape. */
  readonly manifest: Manifest | undefined;
  /** Columns to look for tokens in, in place of a manifest; all where left out. */
  readonly columns?: readonly string[] | undefined;
  /** Leaves cells whose value isn't known as they are. */
  readonly keepUnknown: boolean;
  /** Called for each cell that is put back, with the number of values in it. */
  readonly onReveal: (values: number) => void;
}

/** The methods that detokenize undoes, given the vault or its key. */
export function isReversible({ method, options }: ManifestColumn): boolean {
  if (method === 'date-shift') return options?.entity_lost !== true;
  return ['token', 'random', 'email', 'text', 'card', 'fpe'].includes(method);
}

/** The edits that put values back, and the counts they keep. */
export function revealEdits(
  header: readonly string[],
  { manifest, columns: named, keepUnknown, onReveal }: RevealOptions,
  vault: RevealingAuthority,
): { readonly edits: readonly ColumnEdit[]; readonly columns: readonly RevealedColumn[] } {
  const columns: RevealedColumn[] = [];
  const edits: ColumnEdit[] = [];
  for (const { index, restorer } of restorers(header, { manifest, columns: named }, vault)) {
    const column = { name: header[index] ?? '', index, revealed: 0, unknown: 0 };
    const settle = (text: string, restored: Restored, row: number): string | undefined => {
      if (restored === undefined) return undefined;
      if (restored === unknownValue) {
        if (!keepUnknown) throw unknownCell(column, row);
        column.unknown += 1;
        return undefined;
      }
      column.revealed += 1;
      onReveal(valuesIn(text));
      return restored;
    };
    const { one, many } = restorer;
    const replaceMany = (texts: readonly string[], firstRow: number) =>
      (many?.(texts) ?? []).map((restored, at) => settle(texts[at] ?? '', restored, firstRow + at));
    edits.push({
      index,
      replace: (text: string, row: number, view: RowView) =>
        one === undefined ? replaceMany([text], row)[0] : settle(text, one(text, view), row),
      ...(many === undefined ? {} : { replaceMany }),
    });
    columns.push(column);
  }
  return { edits, columns };
}

/** A cell of free text, or one that somebody made for the purpose, holds many tokens. */
function valuesIn(cell: string): number {
  return cell.length < 2 * tokenLength ? 1 : Math.max(1, tokensInText(cell).length);
}

function restorers(
  header: readonly string[],
  { manifest, columns: named }: Pick<RevealOptions, 'manifest' | 'columns'>,
  vault: RevealingAuthority,
): { readonly index: number; readonly restorer: Restorer }[] {
  if (manifest !== undefined) {
    const all: readonly ManifestColumn[] = manifest.columns;
    return all.flatMap((column) => {
      const restorer = restorerOf(column, all, vault);
      return restorer === undefined ? [] : [{ index: column.index, restorer }];
    });
  }
  const places = named === undefined ? [...header.keys()] : resolveColumns(header, named);
  return places.map((index) => ({ index, restorer: restorerOfAnyTokens(vault) }));
}

function unknownCell({ name, index }: RevealedColumn, row: number): VaultError {
  return new VaultError('token-unknown', {
    message: `The token in row ${row}, column ${index + 1} is not in the vault`,
    remedy:
      'Use the vault with which the file was tokenized. What was erased since (vault forget, vault sweep) or has another token now (vault retoken) stays unknown; --keep-unknown leaves such tokens in place.',
    details: { row, column: name, columnIndex: index },
  });
}
