import { type CallResult, callModel } from './score-call.ts';
import type { ModelScore } from './served-model.ts';
import type { Serving } from './serving.ts';

export interface ShadowRunnerOptions {
  /** How much longer an answer may take for the shadow's sake. */
  readonly budgetMs: number;
  readonly timeoutMs: number;
  readonly onCall: (generation: number, version: string, attempted: number, result: CallResult<ModelScore>) => void;
}

/** Weight of the newest call in the estimate of what a transaction costs. */
const newestWeight = 0.2;
/** By how much the estimate falls with each batch that is left out, so that a slow start is forgiven. */
const forgiveness = 0.95;

/** Of the budget, that may be planned with: what a call takes scatters. */
const plannedShare = 0.7;

/**
 * Asks the shadow model once the answer is there, and waits for it only so long. Of a batch for which the budget won't do it is
 * asked about as many as will; about none while it is still looking at another one. Models also work in JavaScript, which no
 * timer interrupts, so what a transaction costs is estimated beforehand.
 */
export class ShadowRunner<In, Out extends ModelScore> {
  readonly #options: ShadowRunnerOptions;
  #msPerItem = 0;
  #isBusy = false;

  constructor(options: ShadowRunnerOptions) {
    this.#options = options;
  }

  /** @returns what it said of the first ones of the batch: of all, some or none */
  async run(serving: Serving<In, Out>, batch: readonly In[]): Promise<readonly (Out | undefined)[]> {
    const { shadow } = serving;
    const { budgetMs } = this.#options;
    if (shadow === undefined || this.#isBusy) return [];
    const count = Math.floor(Math.min(batch.length, (plannedShare * budgetMs) / this.#msPerItem));
    if (count === 0) {
      this.#msPerItem *= forgiveness;
      return [];
    }
    let timer: NodeJS.Timeout | undefined;
    const result = await Promise.race([
      this.#call(serving, shadow, batch.slice(0, count)),
      new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), budgetMs);
      }),
    ]);
    clearTimeout(timer);
    return result?.scored ?? [];
  }

  /** Holds the generation until the model has answered, also when nobody waits for it any more. */
  async #call(serving: Serving<In, Out>, shadow: NonNullable<Serving<In, Out>['shadow']>, batch: readonly In[]) {
    this.#isBusy = true;
    serving.enter();
    try {
      const result = await callModel(shadow, batch, this.#options.timeoutMs);
      const perItem = result.ms / batch.length;
      this.#msPerItem = this.#msPerItem === 0 ? perItem : (1 - newestWeight) * this.#msPerItem + newestWeight * perItem;
      this.#options.onCall(serving.deployment.generation, shadow.version, batch.length, result);
      return result;
    } finally {
      serving.leave();
      this.#isBusy = false;
    }
  }
}
