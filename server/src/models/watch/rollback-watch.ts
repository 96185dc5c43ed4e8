import { RejectedError } from '@sdp/shared/errors';
import type { Deployment } from '../deployment/deployment.ts';
import { restoration } from '../deployment/deployment-rules.ts';
import type { DeploymentStore } from '../deployment/deployment-store.ts';
import { addUsage, noUsage, type Usage } from '../usage/usage-recorder.ts';
import type { UsageStore } from '../usage/usage-store.ts';
import { type RollbackBounds, type RollbackCause, rollbackCause } from './rollback-rules.ts';

export interface RollbackWatchOptions {
  readonly deployments: DeploymentStore;
  readonly usage: UsageStore;
  readonly bounds: RollbackBounds;
  /** How long a new generation is watched; 0: never. */
  readonly watchMs: number;
  /** Who decides, as the deployment's row names it. */
  readonly madeBy: string;
}

export interface RolledBack {
  readonly cause: RollbackCause;
  readonly deployment: Deployment;
}

/** Figures from before count for a day. */
const baselineMs = 86_400_000;

/**
 * Watches what was promoted and takes it back where it errs or is slow. All workers look at the figures of all; the first one to
 * conclude writes the next generation, and the others' attempts fail on it.
 */
export class RollbackWatch {
  readonly #options: RollbackWatchOptions;
  #baseline: { readonly generation: number; readonly usage: Usage | undefined } | undefined;

  constructor(options: RollbackWatchOptions) {
    this.#options = options;
  }

  /** Rollbacks aren't watched: there would be no end to it. */
  isWatching({ kind, made_ms }: Deployment, nowMs = Date.now()): boolean {
    return kind === 'promote' && nowMs - made_ms < this.#options.watchMs;
  }

  /** @returns the generation that takes the present one's place, where this worker made it */
  async look(deployment: Deployment): Promise<RolledBack | undefined> {
    const { deployments, usage, bounds, madeBy } = this.#options;
    const { generation, rollback_to: before } = deployment;
    if (before === undefined) return undefined;
    const previous = (await deployments.find(before))?.deployment;
    if (previous === undefined) return undefined;
    const baseline = await this.#usageBefore(deployment, previous);
    const sums = await usage.sum({ generation });
    for (const arm of ['champion', 'challenger'] as const) {
      const version = arm === 'champion' ? deployment.champion : deployment.challenger?.version;
      const now = sums.find(({ key }) => key.arm === arm && key.version === version)?.usage;
      const cause = now && rollbackCause(now, baseline, bounds);
      if (cause === undefined) continue;
      try {
        const plan = restoration(previous, 'automatic-rollback');
        const reason = `${cause} of the ${arm}`;
        return { cause, deployment: await deployments.record(generation, plan, { reason, madeBy }) };
      } catch (error) {
        if (error instanceof RejectedError && error.code === 'deployment-changed') return undefined;
        throw error;
      }
    }
    return undefined;
  }

  /** Of the champion before, in whatever generations it was that. */
  async #usageBefore({ generation, made_ms }: Deployment, { champion }: Deployment): Promise<Usage | undefined> {
    if (this.#baseline?.generation === generation) return this.#baseline.usage;
    const since = new Date(made_ms - baselineMs);
    const sums = await this.#options.usage.sum({ version: champion, arm: 'champion', since });
    const earlier = sums.filter(({ key }) => key.generation < generation);
    const usage = earlier.length === 0 ? undefined : noUsage();
    for (const each of earlier) if (usage) addUsage(usage, each.usage);
    this.#baseline = { generation, usage };
    return usage;
  }
}
