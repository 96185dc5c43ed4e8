import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * The HTTP client, loaded when it is first needed: most commands never speak to a server, and it would be a fifth of what
 * they load. Not by `import()`, since connections are made and errors told apart in places that can't wait.
 */
export function undici(): typeof import('undici') {
  return require('undici');
}
