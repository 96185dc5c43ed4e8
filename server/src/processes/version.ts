import { readFileSync } from 'node:fs';

/** Of the package; the path holds from `src/` and from `dist/`. */
export const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
