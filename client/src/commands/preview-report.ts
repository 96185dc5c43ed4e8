import { tokensInText } from '@sdp/shared/tokenization';
import { type ColumnRule, irreversibleShifts, type Preview, type PreviewCell } from '../pipeline/index.ts';
import type { Table, Terminal } from '../terminal/index.ts';

/** One block a row, one line a column: readable however many columns there are. */
export function reportPreview(terminal: Terminal, { rules, rows }: Preview, reveal: boolean): void {
  const treated = rules.filter(({ method }) => method !== 'keep' && method !== 'drop');
  const blocks = rows.flatMap(({ row, cells }): (Table | string)[] => [
    {
      columns: [`row ${row}`, 'method', 'before', 'after'],
      rows: treated.map((rule) => [rule.name, rule.method, ...texts(rule, cells.get(rule.index), reveal)]),
    },
    '',
  ]);
  for (const note of irreversibleShifts(rules)) terminal.warn(note);
  if (rows.length === 0) terminal.warn('the file has no data rows');
  const kept = namesOf(rules, 'keep');
  const dropped = namesOf(rules, 'drop');
  terminal.result(
    [
      ...(treated.length === 0 ? [] : blocks),
      ...(kept.length === 0 ? [] : [`kept as they are: ${kept.join(', ')}`]),
      ...(dropped.length === 0 ? [] : [`left out: ${dropped.join(', ')}`]),
      ...(reveal || treated.length === 0 ? [] : ['Values are shown by their shape; --reveal shows them as they are.']),
    ],
    {
      rows: rows.map(({ row, cells }) => ({
        row,
        columns: treated.map((rule) => {
          const [before, after] = texts(rule, cells.get(rule.index), reveal);
          const problem = cells.get(rule.index)?.problem;
          return { name: rule.name, method: rule.method, before, after, ...(problem === undefined ? {} : { problem }) };
        }),
      })),
      kept,
      dropped,
      revealed: reveal,
    },
  );
}

/** Characters of a cell that are shown; a token in a text takes 36 of them. */
const longest = 60;
const longestText = 160;

function texts(rule: ColumnRule, cell: PreviewCell | undefined, reveal: boolean): [string, string] {
  if (cell === undefined) return ['', ''];
  const { before, after, problem } = cell;
  const show = (text: string) => shortened(reveal ? text : shapeOf(text));
  if (problem !== undefined) return [show(before), `cannot be treated: ${problem}`];
  if (after === undefined) return [show(before), '(stays as it is)'];
  // What a text holds beside its tokens is as it was.
  return [
    show(before),
    rule.method === 'text' ? shortened(reveal ? after : shapeBetweenTokens(after), longestText) : shortened(after),
  ];
}

function namesOf(rules: readonly ColumnRule[], method: 'keep' | 'drop'): string[] {
  return rules.filter((rule) => rule.method === method).map(({ name }) => name);
}

/** Letters and digits by their kind, all else as it is: enough to see a format, too little to know a value. */
function shapeOf(text: string): string {
  return text
    .replace(/\p{Lu}/gu, 'A')
    .replace(/[\p{L}\p{M}]/gu, (letter) => (letter === 'A' ? letter : 'a'))
    .replace(/\p{N}/gu, '9');
}

function shapeBetweenTokens(text: string): string {
  const tokens = tokensInText(text);
  let rest = text;
  let out = '';
  for (const token of tokens) {
    const at = rest.indexOf(token);
    out += shapeOf(rest.slice(0, at)) + token;
    rest = rest.slice(at + token.length);
  }
  return out + shapeOf(rest);
}

function shortened(text: string, most = longest): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
