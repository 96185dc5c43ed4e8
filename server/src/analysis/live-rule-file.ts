import type { ConfigError, Finding } from '@sdp/shared/errors';
import type { Logger } from '../observability/index.ts';
import { LiveFile } from '../settings/index.ts';
import type { AnalysisMetrics } from './analysis-metrics.ts';
import { type LoadedRules, rulesOf } from './load-rule-file.ts';

export type LiveRules = LiveFile<LoadedRules>;

export interface LiveRulesOptions {
  readonly path: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: Pick<AnalysisMetrics, 'rulesReloaded' | 'rulesInForce'>;
  /** Tells people of a change that isn't right; once for each. */
  readonly onBroken?: (findings: readonly Finding[]) => Promise<void>;
  /** Between two looks at the file; 2 s where left out. */
  readonly everyMs?: number | undefined;
}

/** Opens the rules in force. @throws {ConfigError} `config-unreadable`, `config-invalid`: whoever starts is to know */
export function openLiveRules({ path, logger, metrics, onBroken, everyMs }: LiveRulesOptions): LiveRules {
  const live = new LiveFile<LoadedRules>({
    ...{ path, everyMs },
    load: (text) => rulesOf(path, text),
    onChange: ({ rules: { rules }, contentHash }) => {
      metrics.rulesReloaded(true);
      metrics.rulesInForce(rules.length);
      logger.info({ rules: rules.length, contentHash }, 'rules of anomalies were taken up anew');
    },
    onBroken: async ({ code, details: { findings = [] } }: ConfigError) => {
      metrics.rulesReloaded(false);
      logger.warn({ code, findings }, 'the file of rules of anomalies is not right: those that are in force stay');
      await onBroken?.(findings).catch(() => logger.warn({ code }, 'nobody could be told of the file of rules'));
    },
  });
  metrics.rulesInForce(live.current.rules.rules.length);
  return live;
}
