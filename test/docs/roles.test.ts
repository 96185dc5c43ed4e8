import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { withRolesTable } from '../../scripts/docs/roles-table.ts';

it('docs/roles.md has the table of permissions as the code has it', () => {
  const page = readFileSync(new URL('../../docs/roles.md', import.meta.url), 'utf8');
  expect(page).toBe(withRolesTable(page));
  expect(page.match(/^\| `[a-z-]+:[a-z]+` \|/gm)?.length).toBeGreaterThan(15);
});
