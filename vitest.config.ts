import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['sdp-source'] },
  // 'import' is left out: vitest hands these to Node, where they would make `require` load ES modules.
  ssr: { resolve: { conditions: ['sdp-source', 'node', 'default'] } },
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
      reportOnFailure: true,
      thresholds: { lines: 80, statements: 80, functions: 80, branches: 80 },
    },
  },
});
