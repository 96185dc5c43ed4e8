import type { ColumnMethod } from '@sdp/shared/contracts';
import type { ColumnFinding } from '@sdp/shared/detection';
import { type Finding, InputError } from '@sdp/shared/errors';

/** What people call what detection finds. */
export const kindNames: Readonly<Record<ColumnFinding['kind'], string>> = {
  email: 'e-mail address',
  'payment-card': 'payment card number',
  iban: 'IBAN',
  'us-ssn': 'US social security number',
  phone: 'telephone number',
};

/**
 * Lets an upload go on only if detection found nothing, or nothing that the user has not answered. What a checksum
 * proves has no answer.
 *
 * @throws {InputError} `raw-pii-found` listing every column with its first row and kind, never a value
 */
export function assertNoRawData(findings: readonly ColumnFinding[], declaredSafe: ReadonlySet<string>): void {
  const open = findings.filter(({ column, row, proven }) => proven || row === 0 || !declaredSafe.has(column));
  const [first] = open;
  if (first === undefined) return;
  const listed = open.map(({ column, row, kind, proven, count }): Finding => {
    const what = `${kindNames[kind]}${proven ? ', proven by its checksum' : ''}`;
    if (row === 0) return { message: `${what} in the header: the file may have no header row`, field: column };
    return { message: `${what}${count > 1 ? `, in ${count} cells` : ''}`, field: column, row };
  });
  throw new InputError('raw-pii-found', {
    ...(open.some(({ proven, row }) => proven || row === 0)
      ? { remedy: 'Tokenize these columns first; --declare-safe cannot answer what a checksum proves.' }
      : {}),
    details: {
      column: first.column,
      columnIndex: first.columnIndex,
      ...(first.row > 0 ? { row: first.row } : {}),
      detector: first.kind,
      findings: listed,
      count: listed.length,
    },
  });
}

/** Methods whose results keep a format, and so may have the shape of what they stand for. */
const formatKeeping: readonly ColumnMethod[] = ['fpe', 'card', 'date-shift', 'bucket'];

/**
 * Columns with a find that their manifest answers: it is authenticated, covers the file, and says that a method made
 * values of that shape. What a checksum proves it answers as little as a user can.
 */
export function answeredByManifest(
  findings: readonly ColumnFinding[],
  columns: readonly { readonly name: string; readonly method: ColumnMethod }[],
): string[] {
  const made = new Set(columns.filter(({ method }) => formatKeeping.includes(method)).map(({ name }) => name));
  const found = findings.filter(({ proven, row }) => !proven && row > 0).map(({ column }) => column);
  return [...new Set(found)].filter((name) => made.has(name));
}
