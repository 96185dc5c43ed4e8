import { Counter } from 'prom-client';
import { LiveFile } from '../settings/index.ts';
import { shippedFile } from '../topics/index.ts';
import { type AlertWorker, type AlertWorkerOptions, startAlertWorker } from './alert-worker.ts';
import { alertsOf, type LoadAlertsOptions, type LoadedAlerts } from './load-alerts.ts';
import { raiseAlert } from './raise-alert.ts';

export interface LiveAlertsOptions
  extends Omit<AlertWorkerOptions, 'alerts'>,
    Pick<LoadAlertsOptions, 'path' | 'variable'> {
  /** Between two looks at the file; 2 s where left out. */
  readonly everyMs?: number | undefined;
}

/** An {@link AlertWorker} that goes by a file, as it is now. */
export interface LiveAlerts extends Pick<AlertWorker, 'close'> {
  /** Looks at the file now. */
  look(): Promise<void>;
}

/**
 * Takes alerts from the outbox and tells people of them by a file, which may change at any time: it, the files of secrets that it
 * names and certificates. Of a file that isn't right nothing is taken, and people are told by the one in force.
 *
 * @throws {ConfigError} `config-unreadable`, `config-invalid`: whoever starts is to know
 */
export function startLiveAlerts(options: LiveAlertsOptions): LiveAlerts {
  const { path = shippedFile('alerts.yml'), variable, everyMs, ...worker } = options;
  const { pool, registry, logger } = worker;
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const reloads = counter('sdp_alerts_reloads_total', 'Changes of the file of alerts that were taken up');
  const failures = counter('sdp_alerts_reload_failures_total', 'Changes of the file of alerts that were not right');
  const file = new LiveFile<LoadedAlerts>({
    ...{ path, everyMs },
    load: (text, read) => alertsOf({ path, text, read, variable }),
    onChange: (alerts) => {
      reloads.inc();
      running.use(alerts);
      logger.info({ channels: alerts.channels.length }, 'the file of alerts was taken up anew');
    },
    onBroken: async ({ code, details: { findings = [] } }) => {
      failures.inc();
      logger.warn({ code, findings }, 'the file of alerts is not right: the one in force stays');
      const mistakes = findings.length === 1 ? 'a mistake' : `${findings.length} mistakes`;
      const problem = findings.length === 0 ? 'cannot be read' : `has ${mistakes}`;
      await raiseAlert(pool, {
        type: 'alerts-file-invalid',
        level: 'WARNING',
        title: 'The file of alerts is not right',
        message: `It was changed and ${problem} now, so people are told as the file before it said. sdp-server alerts check names each mistake.`,
      }).catch(() => logger.warn({ code }, 'nobody could be told of the file of alerts'));
    },
  });
  const running = startAlertWorker({ ...worker, alerts: file.current });
  return {
    look: () => file.look(),
    close: async (deadlineMs) => {
      await file.close();
      await running.close(deadlineMs);
    },
  };
}
