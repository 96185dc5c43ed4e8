import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigError, type Finding } from '@sdp/shared/errors';
import type { Logger } from '../observability/index.ts';
import type { AnalysisMetrics } from './analysis-metrics.ts';
import { type LoadedRules, loadRules, rulesOf } from './load-rule-file.ts';

export interface LiveRulesOptions {
  readonly path: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: Pick<AnalysisMetrics, 'rulesReloaded' | 'rulesInForce'>;
  /** Tells people of a change that isn't right; once for each. */
  readonly onBroken?: (findings: readonly Finding[]) => Promise<void>;
  /** Between two looks at the file; 2 s where left out. */
  readonly everyMs?: number;
}

/**
 * The rules in force. Looks at the file again and again and takes up what has changed: by its bytes, as a file may be replaced,
 * mounted anew or written twice within a second. Of a file that isn't right, or isn't there, it takes nothing.
 */
export class LiveRules {
  readonly #options: LiveRulesOptions;
  readonly #timer: NodeJS.Timeout;
  #loaded: LoadedRules;
  /** Of the file as it was seen last. */
  #seenHash: string;
  #looking: Promise<void> | undefined;

  private constructor(options: LiveRulesOptions, loaded: LoadedRules) {
    this.#options = options;
    this.#loaded = loaded;
    this.#seenHash = loaded.contentHash;
    options.metrics.rulesInForce(loaded.rules.rules.length);
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? 2_000).unref();
  }

  /** @throws {ConfigError} `config-unreadable`, `config-invalid`: whoever starts is to know */
  static async open(options: LiveRulesOptions): Promise<LiveRules> {
    return new LiveRules(options, await loadRules(options.path));
  }

  get current(): LoadedRules {
    return this.#loaded;
  }

  /** Looks at the file now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { path, logger, metrics } = this.#options;
    let text: string | undefined;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      text = undefined;
    }
    const seenHash = text === undefined ? 'unreadable' : hash('sha256', text, 'hex');
    if (seenHash === this.#seenHash) return;
    this.#seenHash = seenHash;
    try {
      if (text === undefined) throw new ConfigError('config-unreadable', { details: { file: path } });
      this.#loaded = rulesOf(path, text);
      const rules = this.#loaded.rules.rules.length;
      metrics.rulesReloaded(true);
      metrics.rulesInForce(rules);
      logger.info({ rules, contentHash: seenHash }, 'rules of anomalies were taken up anew');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      await this.#refuse(error);
    }
  }

  async #refuse(error: ConfigError): Promise<void> {
    const { logger, metrics, onBroken } = this.#options;
    const findings = error.details.findings ?? [];
    metrics.rulesReloaded(false);
    logger.warn(
      { code: error.code, findings },
      'the file of rules of anomalies is not right: those that are in force stay',
    );
    await onBroken?.(findings).catch(() => {
      logger.warn({ code: error.code }, 'nobody could be told of the file of rules');
    });
  }
}
