import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { errorFields, type Logger } from '../../observability/index.ts';
import type { DeploymentUpdates } from '../deployment/deployment-updates.ts';
import type { Acknowledgement } from '../deployment/worker-store.ts';
import type { TrustedKeys } from '../package/index.ts';
import type { ModelRegistry } from '../registry.ts';
import { UsageRecorder } from '../usage/usage-recorder.ts';
import type { RollbackBounds } from '../watch/rollback-rules.ts';
import { RollbackWatch } from '../watch/rollback-watch.ts';
import { type ArmScore, type ModelCall, scoreArm } from './arm-scorer.ts';
import { DeployedModels, type LoadFailure } from './deployed-models.ts';
import { loadFirst } from './first-deployment.ts';
import type { ModelMetrics } from './model-metrics.ts';
import { OpenedModels } from './opened-models.ts';
import { type ModelKind, type ModelScore, openPackage } from './served-model.ts';
import type { Serving } from './serving.ts';
import { ShadowRunner } from './shadow-runner.ts';
import { type Arm, armOf, groupOf } from './split-rules.ts';

export interface ModelHostOptions<In, Out extends ModelScore> {
  readonly registry: ModelRegistry;
  readonly kind: ModelKind<In, Out>;
  readonly trusted: TrustedKeys;
  /** Without them new generations are found by looking into the table alone. */
  readonly updates?: DeploymentUpdates;
  readonly logger: Logger;
  readonly metrics: ModelMetrics;
  readonly settings: HostSettings;
}

export interface HostSettings {
  /** How often the table is looked into, whatever the topic says. */
  readonly pollMs: number;
  /** A call of a model that takes longer has failed. */
  readonly scoreTimeoutMs: number;
  readonly shadowBudgetMs: number;
  readonly rollback: RollbackBounds & { readonly watchMs: number };
}

/** One score for each transaction, all by one model; what the shadow says goes along for the report only. */
export interface HostedScore<Out> extends ArmScore<Out> {
  /** Of its split key; see {@link groupOf}. */
  readonly splitGroup: number;
  readonly shadow?: { readonly scored: Out; readonly modelVersion: string };
}

export interface HostState {
  /** That decides here. */
  readonly generation: number;
  readonly champion: string;
  /** The newest generation, where it couldn't be loaded. */
  readonly failure?: LoadFailure;
}

/** Scores transactions by the models that are deployed, in a worker. */
export interface ModelHost<In, Out extends ModelScore> {
  readonly workerId: string;
  /**
   * @param inputs each with the key by which traffic is split, such as its customer
   * @returns one score for each, in their order
   * @throws {UnavailableError} `model-failed`
   */
  scoreBatch(inputs: readonly (In & { readonly splitKey: string })[]): Promise<HostedScore<Out>[]>;
  state(): HostState;
  close(): Promise<void>;
}

/** While a new generation is watched. */
const watchingPollMs = 1_000;
const missedBeats = 3;
const pruneEveryMs = 3_600_000;
const usageDays = 90;

/**
 * Starts to serve what is deployed.
 *
 * @throws {UnavailableError} `database-unavailable`
 * @throws {SdpError} of the newest deployment, where neither it nor one before it can be loaded
 */
export async function createModelHost<In, Out extends ModelScore>(
  options: ModelHostOptions<In, Out>,
): Promise<ModelHost<In, Out>> {
  const host = new Host(options);
  try {
    await host.start();
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

class Host<In, Out extends ModelScore> implements ModelHost<In, Out> {
  readonly workerId = randomUUID();
  readonly #options: ModelHostOptions<In, Out>;
  readonly #deployed: DeployedModels<In, Out>;
  readonly #usage = new UsageRecorder();
  readonly #watch: RollbackWatch;
  readonly #shadow: ShadowRunner<In, Out>;
  #unsaid: Acknowledgement[] = [];
  #subscription: { close(): Promise<void> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #isClosed = false;
  #isAway = false;
  #prunedAt = 0;
  readonly #warned = new Set<string>();

  constructor(options: ModelHostOptions<In, Out>) {
    this.#options = options;
    const { registry, trusted, kind, logger, settings } = options;
    const models = new OpenedModels<In, Out>(
      async (version) => openPackage(await registry.versions.load(version), trusted, kind),
      (error) => logger.warn(errorFields(error), 'a model could not be closed'),
    );
    this.#deployed = new DeployedModels({
      models,
      championOf: async (generation) => (await registry.deployments.find(generation))?.deployment.champion,
      onLoaded: ({ generation }, ms) => {
        this.#warned.clear();
        logger.info({ generation, ms: Math.round(ms) }, 'model deployment loaded');
        this.#options.metrics.swapped('loaded', ms / 1_000);
        this.#say({ generation, state: 'loaded', swapMs: ms });
      },
      onFailed: ({ generation }, code, error) => {
        logger.error(
          { generation, ...errorFields(error), code },
          'model deployment could not be loaded; the one before stays',
        );
        this.#options.metrics.swapped('failed', 0);
        this.#say({ generation, state: 'failed', code });
      },
    });
    const { watchMs, ...bounds } = settings.rollback;
    const { deployments, usage } = registry;
    this.#watch = new RollbackWatch({ deployments, usage, bounds, watchMs, madeBy: `worker ${this.workerId}` });
    this.#shadow = new ShadowRunner({
      budgetMs: settings.shadowBudgetMs,
      timeoutMs: settings.scoreTimeoutMs,
      onCall: (generation, version, attempted, result) =>
        this.#called({ generation, arm: 'shadow', version, attempted, result }),
    });
  }

  async start(): Promise<void> {
    const { registry, updates } = this.#options;
    // First to the topic, then to the table: what comes in between is seen twice rather than not at all.
    this.#subscription = await updates?.subscribe((deployment) => this.#deployed.offer(deployment));
    await loadFirst(registry.deployments, this.#deployed);
    await this.#tick();
    this.#schedule();
  }

  async scoreBatch(inputs: readonly (In & { readonly splitKey: string })[]): Promise<HostedScore<Out>[]> {
    const serving = this.#deployed.serving;
    if (serving === undefined) throw new Error('the model host is closed');
    if (inputs.length === 0) return [];
    serving.enter();
    try {
      const scores = await this.#scoreArms(serving, inputs);
      if (serving.shadow === undefined) return scores;
      const shadowScores = await this.#shadow.run(serving, inputs);
      const { version: modelVersion } = serving.shadow;
      const leftOut = inputs.length - shadowScores.length;
      if (leftOut > 0) {
        const { generation } = serving.deployment;
        this.#usage.dropped({ generation, arm: 'shadow', version: modelVersion }, leftOut);
        this.#options.metrics.shadowLeftOut(leftOut);
      }
      return scores.map((score, i) => {
        const scored = shadowScores[i];
        return scored === undefined ? score : { ...score, shadow: { scored, modelVersion } };
      });
    } finally {
      serving.leave();
    }
  }

  state(): HostState {
    const deployment = this.#deployed.serving?.deployment;
    const { failure } = this.#deployed;
    return {
      generation: deployment?.generation ?? 0,
      champion: deployment?.champion ?? '',
      ...(failure !== undefined && { failure }),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#subscription?.close();
    await this.#ticking;
    await this.#deployed.close();
    const { workers, usage } = this.#options.registry;
    try {
      await usage.add(this.workerId, this.#usage.take());
      await workers.remove(this.workerId);
    } catch {
      // The database is away: the row of this worker ends by itself.
    }
  }

  async #scoreArms(
    serving: Serving<In, Out>,
    inputs: readonly (In & { readonly splitKey: string })[],
  ): Promise<HostedScore<Out>[]> {
    const call = {
      timeoutMs: this.#options.settings.scoreTimeoutMs,
      onCall: (made: ModelCall) => this.#called(made),
    };
    const { challenger, salt } = serving.deployment;
    const withGroup = (score: ArmScore<Out>, i: number) => ({
      ...score,
      splitGroup: groupOf(inputs[i]?.splitKey ?? ''),
    });
    if (challenger === undefined) return (await scoreArm(serving, 'champion', inputs, call)).map(withGroup);
    const places: Record<Arm, number[]> = { champion: [], challenger: [] };
    for (const [i, { splitKey }] of inputs.entries()) places[armOf(salt, splitKey, challenger.share)].push(i);
    const scores: ArmScore<Out>[] = new Array(inputs.length);
    for (const arm of ['champion', 'challenger'] as const) {
      if (places[arm].length === 0) continue;
      const batch = places[arm].map((i) => inputs[i] as In);
      for (const [at, score] of (await scoreArm(serving, arm, batch, call)).entries()) {
        scores[places[arm][at] as number] = score;
      }
    }
    return scores.map(withGroup);
  }

  #called({ generation, arm, version, attempted, result }: ModelCall): void {
    const scored = result.scored.filter((each) => each !== undefined);
    this.#usage.called({ generation, arm, version }, { ms: result.ms, attempted, scored });
    this.#options.metrics.called(arm, attempted, attempted - scored.length, result.ms / 1_000);
    if (scored.length === attempted) return;
    // Once for each model of a generation: the figures say how often.
    const name = `${generation} ${arm} ${version}`;
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    const { logger } = this.#options;
    logger.warn(
      { generation, arm, modelVersion: version, ...errorFields(result.error) },
      'a model gave no valid score',
    );
  }

  #say(acknowledgement: Acknowledgement): void {
    this.#unsaid.push(acknowledgement);
    void this.#sayAll().catch(() => undefined);
  }

  async #sayAll(): Promise<void> {
    const { workers } = this.#options.registry;
    const { generation } = this.state();
    this.#options.metrics.generation(generation, this.#deployed.wanted);
    const said = this.#unsaid;
    this.#unsaid = [];
    try {
      if (said.length > 0) await this.#beat();
      for (let next = said[0]; next !== undefined; next = said[0]) {
        await workers.acknowledge(this.workerId, next);
        said.shift();
      }
    } finally {
      this.#unsaid.unshift(...said);
    }
  }

  #beat(): Promise<number> {
    const { registry, settings } = this.#options;
    const identity = { workerId: this.workerId, host: hostname(), pid: process.pid };
    return registry.workers.beat(identity, this.state().generation, missedBeats * settings.pollMs);
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const deployment = this.#deployed.serving?.deployment;
    const { pollMs } = this.#options.settings;
    const isWatching = deployment !== undefined && this.#watch.isWatching(deployment);
    this.#timer = setTimeout(
      () => {
        this.#ticking = this.#tick().finally(() => this.#schedule());
      },
      isWatching ? Math.min(watchingPollMs, pollMs) : pollMs,
    );
  }

  /** All that this worker has to do with the database, apart from loading. Never rejects. */
  async #tick(): Promise<void> {
    const { registry, logger } = this.#options;
    try {
      const latest = await this.#beat();
      await this.#sayAll();
      if (latest > this.#deployed.wanted) {
        const found = await registry.deployments.latest();
        if (found) this.#deployed.offer(found.deployment);
      } else if (latest < this.state().generation) {
        logger.error({ code: 'deployment-tampered', generation: latest }, 'deployments are gone from the database');
      }
      this.#deployed.retry();
      await this.#store();
      await this.#lookAtNewest();
      if (this.#isAway) logger.info({}, 'the model registry answers again');
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) logger.warn(errorFields(error), 'the model registry could not be reached or read');
      this.#isAway = true;
    }
  }

  async #store(): Promise<void> {
    const { usage } = this.#options.registry;
    const taken = this.#usage.take();
    try {
      await usage.add(this.workerId, taken);
    } catch (error) {
      this.#usage.putBack(taken);
      throw error;
    }
    if (Date.now() - this.#prunedAt < pruneEveryMs) return;
    this.#prunedAt = Date.now();
    await usage.prune(usageDays);
  }

  async #lookAtNewest(): Promise<void> {
    const deployment = this.#deployed.serving?.deployment;
    if (deployment === undefined || !this.#watch.isWatching(deployment)) return;
    const rolledBack = await this.#watch.look(deployment);
    if (rolledBack === undefined) return;
    const { cause } = rolledBack;
    const { logger, metrics, updates } = this.#options;
    metrics.rolledBack(cause);
    logger.error(
      { code: 'model-failed', cause, generation: deployment.generation, restored: rolledBack.deployment.generation },
      'a new model was taken back',
    );
    this.#deployed.offer(rolledBack.deployment);
    await updates?.announce(rolledBack.deployment);
  }
}
