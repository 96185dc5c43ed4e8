import { entryOf, permissionNames, roles } from '../../server/src/identity/index.ts';

const begin =
  '<!-- The table is made from server/src/identity/permissions.ts by `npm run docs`; a test keeps both equal. -->';
const end = '<!-- End of the table. -->';

/** The table of permissions, for `docs/roles.md`. */
export function renderRolesTable(): string {
  const lines = [
    `| permission | | ${roles.join(' | ')} | scope of a key |`,
    `|---|---|${roles.map(() => '---|').join('')}---|`,
  ];
  for (const name of permissionNames) {
    const entry = entryOf(name);
    const may = roles.map((role) => (entry.roles.includes(role) ? 'yes' : '–'));
    const scope = entry.isForUsers ? 'no key' : entry.scope === undefined ? 'any' : `\`${entry.scope}\``;
    lines.push(`| \`${name}\` | ${entry.summary} | ${may.join(' | ')} | ${scope} |`);
  }
  return lines.join('\n');
}

/** @returns the page with the table as it has to be */
export function withRolesTable(page: string): string {
  const [head, rest] = page.split(begin);
  const [, tail] = (rest ?? '').split(end);
  if (head === undefined || tail === undefined) throw new Error('docs/roles.md has no place for the table');
  return `${head}${begin}\n\n${renderRolesTable()}\n\n${end}${tail}`;
}
