import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['sdp-source'] },
  ssr: { resolve: { conditions: ['sdp-source', 'node', 'import', 'default'] } },
  test: {
    include: ['{shared,client,server}/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // Worker threads started from source need the same resolution as the tests themselves.
    execArgv: ['--conditions=sdp-source'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['{shared,client,server}/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
