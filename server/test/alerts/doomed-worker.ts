import { Registry } from 'prom-client';
import { loadAlerts, startAlertWorker } from '../../src/alerts/index.ts';
import { createPool } from '../../src/database/index.ts';

/** A process of its own that delivers alerts until it is killed from outside, at any moment. */
const { dsn, path, secrets } = JSON.parse(process.argv[2] ?? '') as {
  readonly dsn: string;
  readonly path: string;
  readonly secrets: Readonly<Record<string, string>>;
};
startAlertWorker({
  pool: createPool({ dsn, applicationName: 'sdp-test-alerts' }),
  alerts: loadAlerts({ path, variable: (name) => secrets[name] }),
  registry: new Registry(),
  logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  retentionDays: 90,
  pollMs: 200,
});
process.stdout.write('started\n');
