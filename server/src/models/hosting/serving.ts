import { type Deployment, versionsOf } from '../deployment/deployment.ts';
import type { HeldModel, OpenedModels } from './opened-models.ts';
import type { ModelScore, ServedModel } from './served-model.ts';

/**
 * The models of one generation, opened. Batches that entered before another generation took over finish here; when the last
 * one leaves, the models are let go of.
 */
export class Serving<In, Out extends ModelScore> {
  readonly deployment: Deployment;
  readonly champion: ServedModel<In, Out>;
  readonly challenger: ServedModel<In, Out> | undefined;
  readonly shadow: ServedModel<In, Out> | undefined;
  /** The champion before this one, which decides where this one fails. */
  readonly standIn: ServedModel<In, Out> | undefined;
  readonly #held: readonly HeldModel<In, Out>[];
  #inside = 0;
  #isRetired = false;

  private constructor(deployment: Deployment, held: ReadonlyMap<string, HeldModel<In, Out>>, standIn?: string) {
    const modelOf = (version: string | undefined) => (version === undefined ? undefined : held.get(version)?.model);
    const champion = modelOf(deployment.champion);
    if (champion === undefined) throw new Error('a generation without its champion');
    this.deployment = deployment;
    this.champion = champion;
    this.challenger = modelOf(deployment.challenger?.version);
    this.shadow = modelOf(deployment.shadow);
    this.standIn = standIn === deployment.champion ? undefined : modelOf(standIn);
    this.#held = [...held.values()];
  }

  /**
   * Opens every model of the deployment, or none. A stand-in that can't be opened is done without.
   *
   * @throws what opening one of the deployment's models throws
   */
  static async open<In, Out extends ModelScore>(
    models: OpenedModels<In, Out>,
    deployment: Deployment,
    standIn?: string,
  ): Promise<Serving<In, Out>> {
    const held = new Map<string, HeldModel<In, Out>>();
    try {
      for (const version of versionsOf(deployment)) held.set(version, await models.hold(version));
    } catch (error) {
      for (const each of held.values()) each.release();
      throw error;
    }
    if (standIn !== undefined && !held.has(standIn)) {
      const spare = await models.hold(standIn).catch(() => undefined);
      if (spare !== undefined) held.set(standIn, spare);
    }
    return new Serving(deployment, held, standIn);
  }

  enter(): void {
    this.#inside++;
  }

  leave(): void {
    this.#inside--;
    this.#releaseIfEmpty();
  }

  /** Nobody enters any more. */
  retire(): void {
    this.#isRetired = true;
    this.#releaseIfEmpty();
  }

  #releaseIfEmpty(): void {
    if (!this.#isRetired || this.#inside > 0) return;
    for (const each of this.#held) each.release();
  }
}
