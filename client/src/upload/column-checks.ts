import type { ColumnMethod } from '@sdp/shared/contracts';
import { type Finding, InputError } from '@sdp/shared/errors';
import { isCardSurrogate, isHashToken, isToken, redactedText, tokenInEmail } from '@sdp/shared/tokenization';
import type { Vault } from '../vault/index.ts';
import type { UploadColumn } from './declared-columns.ts';
import type { RowCheck } from './inspect-file.ts';

/** The part of a vault that knows its tokens. */
export type TokenAuthority = Pick<Vault, 'contains' | 'stats' | 'surrogateRevealer'>;

/**
 * Checks that columns declared by the user are what they are declared to be: tokens that the vault knows (or at least
 * tokens by their shape, where there is no vault), hashes, redacted or masked text.
 *
 * @throws {InputError} `raw-pii-found` with row and column of the first value that is none
 */
export function declaredMethodCheck(columns: readonly UploadColumn[], vault: TokenAuthority | undefined): RowCheck {
  const checks = columns.flatMap(({ name, method }, index) => {
    const fits = fitsMethod(method, vault);
    return fits === undefined ? [] : [{ name, index, method, fits }];
  });
  return {
    check(rows, firstRow) {
      for (const { name, index, method, fits } of checks) {
        const values = rows.map((row) => row[index] ?? '');
        const offending = fits(values).indexOf(false);
        if (offending >= 0) throw notAsDeclared(name, method, firstRow + offending);
      }
    },
  };
}

type Fits = (values: readonly string[]) => readonly boolean[];

function fitsMethod(method: ColumnMethod, vault: TokenAuthority | undefined): Fits | undefined {
  const each =
    (fits: (value: string) => boolean): Fits =>
    (values) =>
      values.map((value) => value === '' || fits(value));
  switch (method) {
    case 'token':
    case 'random':
      return vault === undefined ? each(isToken) : tokensOf(vault);
    case 'hash':
      return each(isHashToken);
    case 'redact':
      return each((value) => value === redactedText);
    case 'mask':
      return each((value) => value.includes('*'));
    case 'email': {
      const areTokens = vault === undefined ? each(isToken) : tokensOf(vault);
      return (values) => areTokens(values.map((value) => (value === '' ? '' : (tokenInEmail(value) ?? 'none'))));
    }
    case 'card':
      return cardSurrogates(vault);
    // Nothing tells these from raw values but the user's word and what detection finds.
    case 'fpe':
    case 'date-shift':
    case 'bucket':
    case 'text':
    case 'keep':
      return undefined;
  }
}

/** Surrogates with a prefix of their own show what they are; those that keep the issuer's digits only the vault knows. */
function cardSurrogates(vault: TokenAuthority | undefined): Fits {
  const namespaces = vault?.stats().namespaces.filter(({ kind }) => kind === 'surrogate') ?? [];
  const lookUps = namespaces.map(({ namespace }) => vault?.surrogateRevealer(namespace));
  return (values) =>
    values.map(
      (value) =>
        value === '' ||
        isToken(value) ||
        isCardSurrogate(value) ||
        lookUps.some((originalOf) => originalOf?.(value) !== undefined),
    );
}

/** Tokens of one column come from one namespace as a rule: the one that fitted last is asked first. */
function tokensOf(vault: TokenAuthority): Fits {
  const namespaces = vault.stats().namespaces.map(({ namespace }) => namespace);
  return (values) => {
    const known = values.map((value) => value === '');
    for (const namespace of [...namespaces]) {
      const open = values.flatMap((value, index) => (known[index] === true || !isToken(value) ? [] : [index]));
      if (open.length === 0) break;
      const found = vault.contains(
        namespace,
        open.map((index) => values[index] as string),
      );
      open.forEach((index, at) => {
        known[index] = found[at] ?? false;
      });
      if (found.includes(true)) namespaces.unshift(...namespaces.splice(namespaces.indexOf(namespace), 1));
    }
    return known;
  };
}

function notAsDeclared(column: string, method: ColumnMethod, row: number): InputError {
  const token = 'a token of this vault';
  const surrogate = 'a surrogate of this vault';
  const kinds = {
    token,
    random: token,
    hash: 'a hash',
    redact: 'redacted',
    mask: 'masked',
    email: token,
    card: surrogate,
  };
  const what = kinds[method as keyof typeof kinds];
  return new InputError('raw-pii-found', {
    message: `A column declared as \`${method}\` holds a value that is not ${what}`,
    remedy: 'Tokenize the column, or declare what it holds; with --vault name the vault that made the tokens.',
    details: { row, column, findings: [{ message: `not ${what}`, field: column, row }] },
  });
}

/** Values that say nothing of a person by themselves: small or fractional numbers, truth values, what SDP put there. */
const harmless = /^(?:[+-]?(?:\d{1,6}(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?|true|false)$/i;

/**
 * Checks columns that the user did not declare: detection knows no names or addresses, so only numbers and what SDP made
 * itself pass without a declaration.
 *
 * @throws {InputError} `columns-undeclared` listing all of them
 */
export function undeclaredColumnsCheck(
  header: readonly string[],
  declared: ReadonlyMap<string, unknown>,
): RowCheck & { finish(): void } {
  const open = header.flatMap((name, index) => (declared.has(name) ? [] : [{ name, index, row: 0 }]));
  return {
    check(rows, firstRow) {
      for (const column of open) {
        if (column.row > 0) continue;
        const at = rows.findIndex((row) => !isHarmless(row[column.index] ?? ''));
        if (at >= 0) column.row = firstRow + at;
      }
    },
    finish() {
      const findings = open
        .filter(({ row }) => row > 0)
        .map(({ name, row }): Finding => ({ message: 'holds text and is not declared', field: name, row }));
      if (findings.length === 0) return;
      throw new InputError('columns-undeclared', {
        message: 'Columns with text are not declared, and what they hold cannot be known',
        remedy: 'Declare each with --declare COLUMN=METHOD, such as note=keep, or tokenize the file.',
        details: { findings, count: findings.length },
      });
    },
  };
}

function isHarmless(value: string): boolean {
  return (
    value === '' ||
    value === redactedText ||
    harmless.test(value) ||
    isToken(value) ||
    isHashToken(value) ||
    tokenInEmail(value) !== undefined
  );
}
