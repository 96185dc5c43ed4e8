import { readFileSync } from 'node:fs';

/** Version of this package. Source and build lie at the same depth, so that one path serves both. */
export const toolVersion: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;
