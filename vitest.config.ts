import { defineConfig } from 'vitest/config';

/** A process for each: they kill, fill and search processes. */
const alone = ['{shared,client,server}/test/**/*.e2e.test.ts'];

export default defineConfig({
  resolve: { conditions: ['sdp-source'] },
  // 'import' is left out: vitest hands these to Node, where they would make `require` load ES modules.
  ssr: { resolve: { conditions: ['sdp-source', 'node', 'default'] } },
  test: {
    globalSetup: ['test/support/run-folder.ts', 'test/support/run-postgres.ts'],
    pool: 'forks',
    // Worker threads started from source need the same resolution as the tests themselves. Node strips their types by a
    // wasm module that it loads in each thread; V8 (Node 24.21) can crash when a thread optimizes that module's calls to
    // JavaScript while the module of an ended thread is freed (WasmEngine::FreeDeadCode). So the calls stay as they are.
    execArgv: ['--conditions=sdp-source', '--wasm-wrapper-tiering-budget=2000000000'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // One process runs many of these files: what they import is loaded and compiled once, which is half of the time.
        // Each leaves the process as it found it.
        test: {
          name: 'shared',
          include: ['{shared,client,server}/test/**/*.test.ts'],
          exclude: alone,
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: [...alone, 'test/**/*.test.ts'], sequence: { groupOrder: 0 } } },
    ],
    coverage: {
      provider: 'v8',
      include: ['{shared,client,server}/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportOnFailure: true,
      thresholds: { lines: 80, statements: 80, functions: 80, branches: 80 },
    },
  },
});
