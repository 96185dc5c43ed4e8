import { isToken, maskMethod, redactMethod } from '@sdp/shared/tokenization';
import type { ColumnEdit } from '../csv/index.ts';
import type { Vault } from '../vault/index.ts';
import type { ColumnRule } from './column-rule.ts';

/** What became of one column. */
export interface ColumnTally {
  readonly rule: ColumnRule;
  /** Cells that were replaced: all but the empty ones. */
  cells: number;
  /** Values that had the shape of a token already. */
  tokenShaped: number;
}

/** The edits that carry out the rules, and the counts they keep. Columns to keep need none. */
export function columnEdits(
  rules: readonly ColumnRule[],
  vault: Vault,
): { readonly edits: readonly ColumnEdit[]; readonly tallies: readonly ColumnTally[] } {
  const tallies = rules.map((rule) => ({ rule, cells: 0, tokenShaped: 0 }));
  const edits = tallies.flatMap((tally): ColumnEdit[] => {
    const { rule } = tally;
    const { index } = rule;
    if (rule.method === 'keep') return [];
    if (rule.method === 'drop') return [{ index, replace: 'drop' }];
    const method = methodOf(rule, vault);
    return [
      {
        index,
        plain: rule.method === 'token' || rule.method === 'hash',
        replace: (value) => {
          tally.cells++;
          if (isToken(value)) tally.tokenShaped++;
          return method(value);
        },
      },
    ];
  });
  return { edits, tallies };
}

function methodOf(rule: ColumnRule, vault: Vault): (value: string) => string {
  switch (rule.method) {
    case 'token':
      return vault.tokenizer(rule.namespace);
    case 'hash':
      return vault.hasher(rule.namespace);
    case 'mask':
      return maskMethod({
        ...(rule.keepFirst === undefined ? {} : { keepFirst: rule.keepFirst }),
        ...(rule.keepLast === undefined ? {} : { keepLast: rule.keepLast }),
      });
    case 'redact':
      return redactMethod();
    default:
      throw new Error(`no such method: ${rule.method}`);
  }
}
