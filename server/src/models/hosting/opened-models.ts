import type { ModelScore, ServedModel } from './served-model.ts';

/** An opened model in use; {@link release} exactly once. */
export interface HeldModel<In, Out extends ModelScore> {
  readonly model: ServedModel<In, Out>;
  release(): void;
}

interface Entry<In, Out extends ModelScore> {
  readonly opening: Promise<ServedModel<In, Out>>;
  holders: number;
}

/** Each version is opened once, however many generations use it, and closed when the last one lets go. */
export class OpenedModels<In, Out extends ModelScore> {
  readonly #open: (version: string) => Promise<ServedModel<In, Out>>;
  readonly #onCloseFailed: (error: unknown) => void;
  readonly #entries = new Map<string, Entry<In, Out>>();
  readonly #closing = new Set<Promise<void>>();

  constructor(open: (version: string) => Promise<ServedModel<In, Out>>, onCloseFailed: (error: unknown) => void) {
    this.#open = open;
    this.#onCloseFailed = onCloseFailed;
  }

  get versions(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Opens the version, or shares it. What opening throws comes through, and is tried anew the next time. */
  async hold(version: string): Promise<HeldModel<In, Out>> {
    const entry = this.#entries.get(version) ?? { opening: this.#open(version), holders: 0 };
    this.#entries.set(version, entry);
    entry.holders++;
    try {
      const model = await entry.opening;
      let isHeld = true;
      return {
        model,
        release: () => {
          if (!isHeld) return;
          isHeld = false;
          this.#letGo(version, entry);
        },
      };
    } catch (error) {
      if (this.#entries.get(version) === entry) this.#entries.delete(version);
      throw error;
    }
  }

  /** Resolves when whatever was let go of is closed. */
  async closed(): Promise<void> {
    await Promise.all(this.#closing);
  }

  #letGo(version: string, entry: Entry<In, Out>): void {
    if (--entry.holders > 0) return;
    this.#entries.delete(version);
    const closing = entry.opening.then((model) => model.close()).catch(this.#onCloseFailed);
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
