// Writes the pages of docs/ that are made from the program.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderCliPage } from './cli-page.ts';
import { renderErrorsPage } from './errors-page.ts';
import { renderFeaturesPage } from './features-page.ts';
import { withRolesTable } from './roles-table.ts';

const docs = join(import.meta.dirname, '../../docs');
writeFileSync(join(docs, 'errors.md'), renderErrorsPage());
writeFileSync(join(docs, 'cli.md'), renderCliPage());
writeFileSync(join(docs, 'fraud-features.md'), renderFeaturesPage());
const roles = join(docs, 'roles.md');
writeFileSync(roles, withRolesTable(readFileSync(roles, 'utf8')));
