import { findIdentifiers } from '../identifiers/index.ts';

/** Whether the search that replaces identifiers in texts leaves no digit and no `@` of a cell. */
export function isFoundWhole(cell: string): boolean {
  let rest = '';
  let from = 0;
  for (const { start, end } of findIdentifiers(cell)) {
    rest += cell.slice(from, start);
    from = end;
  }
  return !/\p{N}|@/u.test(rest + cell.slice(from));
}
