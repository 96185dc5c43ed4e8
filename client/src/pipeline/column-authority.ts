import type { Vault } from '../vault/index.ts';

/** The part of a vault that methods work with when values are replaced. */
export type TokenizingAuthority = Pick<
  Vault,
  'tokenizer' | 'randomTokenizer' | 'surrogates' | 'hasher' | 'keyed' | 'spellings'
>;

/** The part of a vault that puts values back. */
export type RevealingAuthority = Pick<Vault, 'revealer' | 'surrogateRevealer' | 'keyed'>;

/** Where the tokens of values live that a column's own method could not take. */
export function invalidNamespace(namespace: string): string {
  return `${namespace}.invalid`;
}
