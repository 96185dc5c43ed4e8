import { type ErrorCode, SdpError, UnavailableError } from '@sdp/shared/errors';
import type { Deployment } from '../deployment/deployment.ts';
import type { OpenedModels } from './opened-models.ts';
import type { ModelScore } from './served-model.ts';
import { Serving } from './serving.ts';

export interface DeployedModelsOptions<In, Out extends ModelScore> {
  readonly models: OpenedModels<In, Out>;
  /** The champion of a generation, for a stand-in. */
  readonly championOf: (generation: number) => Promise<string | undefined>;
  readonly onLoaded: (deployment: Deployment, ms: number) => void;
  readonly onFailed: (deployment: Deployment, code: ErrorCode, error: unknown) => void;
}

interface Wanted {
  readonly deployment: Deployment;
  readonly heardAt: number;
}

export interface LoadFailure {
  readonly generation: number;
  readonly code: ErrorCode;
}

/**
 * Which generation decides in this process. A higher one is opened beside it and takes over between two batches, or doesn't:
 * one that can't be loaded leaves everything as it is.
 */
export class DeployedModels<In, Out extends ModelScore> {
  readonly #options: DeployedModelsOptions<In, Out>;
  #serving: Serving<In, Out> | undefined;
  #wanted: Wanted | undefined;
  #failure: LoadFailure | undefined;
  #lastError: unknown;
  #loading: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: DeployedModelsOptions<In, Out>) {
    this.#options = options;
  }

  get serving(): Serving<In, Out> | undefined {
    return this.#serving;
  }

  /** Of the newest generation, where that couldn't be loaded. */
  get failure(): LoadFailure | undefined {
    return this.#failure;
  }

  /** What went wrong at the last attempt that failed. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** The highest generation that was heard of. */
  get wanted(): number {
    const generations = [this.#serving?.deployment, this.#wanted?.deployment, this.#failure];
    return Math.max(0, ...generations.map((each) => each?.generation ?? 0));
  }

  /** Takes a generation that is higher than all before. An older one, whoever sends it again, is ignored. */
  offer(deployment: Deployment): void {
    if (this.#isClosed || deployment.generation <= this.wanted) return;
    this.#wanted = { deployment, heardAt: performance.now() };
    this.retry();
  }

  /** Tries again what was wanted and could not be had at the time, such as without the database. */
  retry(): void {
    if (this.#wanted === undefined || this.#loading !== undefined || this.#isClosed) return;
    this.#loading = this.#load().then((postponed) => {
      this.#loading = undefined;
      // Something newer came at the last moment.
      if (this.#wanted !== postponed) this.retry();
    });
  }

  /** Serves an earlier generation for want of the newest, if it can be loaded. */
  async fallBackTo(deployment: Deployment): Promise<void> {
    try {
      this.#serving = await Serving.open(this.#options.models, deployment);
    } catch {
      // What is on record is why the newest one failed.
    }
  }

  /** Resolves when nothing is being loaded. */
  async settled(): Promise<void> {
    while (this.#loading !== undefined) await this.#loading;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.settled();
    this.#serving?.retire();
    this.#serving = undefined;
    await this.#options.models.closed();
  }

  /** @returns what could not be had at the time and waits for the next attempt. Never rejects. */
  async #load(): Promise<Wanted | undefined> {
    const { models, championOf, onLoaded, onFailed } = this.#options;
    // The newest one only: what was overtaken while another one was loaded is never opened.
    for (let next = this.#wanted; next !== undefined && !this.#isClosed; next = this.#wanted) {
      const { deployment, heardAt } = next;
      try {
        const { rollback_to: before } = deployment;
        const standIn = before === undefined ? undefined : await championOf(before);
        const opened = await Serving.open(models, deployment, standIn);
        const previous = this.#serving;
        // From here on batches enter the new one.
        this.#serving = opened;
        previous?.retire();
        this.#failure = undefined;
        onLoaded(deployment, performance.now() - heardAt);
      } catch (error) {
        if (error instanceof UnavailableError) {
          this.#lastError = error;
          return next;
        }
        const code = error instanceof SdpError ? error.code : 'model-invalid';
        this.#failure = { generation: deployment.generation, code };
        this.#lastError = error;
        onFailed(deployment, code, error);
      }
      if (this.#wanted === next) this.#wanted = undefined;
    }
    return undefined;
  }
}
