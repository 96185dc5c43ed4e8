/**
 * Who may import what. The same rules stand in prose in docs/architecture.md; `npm run lint` enforces them, and
 * test/import-rules.test.ts plants a violation of each to see it caught.
 */
const inside = (path) => ({ path });

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'shared-imports-nothing-of-ours',
      severity: 'error',
      from: inside('^shared/src'),
      to: inside('^(client|server)/'),
    },
    {
      name: 'contracts-and-crypto-import-no-other-part',
      comment: 'errors excepted, which everything may import',
      severity: 'error',
      from: inside('^shared/src/(contracts|crypto)/'),
      to: { path: '^shared/src/([^/]+)/', pathNot: '^shared/src/(errors/|$1/)' },
    },
    {
      name: 'errors-imports-nothing',
      severity: 'error',
      from: inside('^shared/src/errors/'),
      to: { path: '^shared/src/', pathNot: '^shared/src/errors/' },
    },
    {
      name: 'messaging-imports-contracts-and-crypto',
      severity: 'error',
      from: inside('^shared/src/messaging/'),
      to: { path: '^shared/src/', pathNot: '^shared/src/(messaging|contracts|crypto|errors)/' },
    },
    {
      name: 'pure-parts-do-no-io',
      comment: 'detection, tokenization and anonymization run in a browser too',
      severity: 'error',
      from: inside('^shared/src/(detection|tokenization|anonymization)/'),
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-parts-know-no-crypto-implementation',
      severity: 'error',
      from: inside('^shared/src/(detection|tokenization|anonymization)/'),
      to: { path: '^shared/src/(crypto|messaging)/', dependencyTypesNot: ['type-only'] },
    },
    { name: 'client-never-server', severity: 'error', from: inside('^client/'), to: inside('^server/') },
    {
      name: 'client-never-messaging',
      severity: 'error',
      from: inside('^client/'),
      to: inside('^shared/src/messaging/'),
    },
    { name: 'server-never-client', severity: 'error', from: inside('^server/'), to: inside('^client/') },
    {
      name: 'features-through-their-index',
      comment: 'a feature reaches another only through its index.ts',
      severity: 'error',
      from: inside('^server/src/([^/]+)/'),
      to: {
        path: '^server/src/(batches|scoring|models|transactions|anonymization|anomaly|records|compliance|audit|topics|dead-letters|jobs|access-log|quality|detectors|anomaly-rules|analysis|alerts)/',
        pathNot: '^server/src/($1/|[^/]+/index[.]ts$)',
      },
    },
    {
      name: 'rules-do-no-io',
      severity: 'error',
      from: inside('-rules[.]ts$'),
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'rules-call-no-service',
      severity: 'error',
      from: inside('-rules[.]ts$'),
      to: { path: '(^|/)node_modules/(pg|undici|express|onnxruntime-node|@platformatic)/' },
    },
    {
      name: 'kafka-client-only-when-asked-for',
      comment: 'it is a third of what a server process loads: `await import` where the settings name a broker',
      severity: 'error',
      from: { path: '^server/src/', pathNot: '^server/src/bus/kafka/' },
      to: { path: '^server/src/bus/kafka/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'onnx-runtime-through-its-loader',
      comment: 'which keeps it from telling its maker of the models that it runs',
      severity: 'error',
      from: { path: '^(shared|client|server)/src/', pathNot: '^server/src/inference/' },
      to: { path: '(^|/)node_modules/onnxruntime-node/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nobody-imports-processes',
      severity: 'error',
      from: { pathNot: '^(server/src/processes/|[^/]+/test/|test/|bench/)' },
      to: inside('^server/src/processes/'),
    },
    {
      name: 'packages-through-their-exports',
      severity: 'error',
      from: inside('^(client|server)/'),
      to: { path: '^shared/src/[^/]+/(?!(privacy/)?index[.]ts$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Ours alone: many a package has its modules in a folder of that name, and rules are about packages too.
    exclude: { path: '^(shared|client|server)/dist/' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['sdp-source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
