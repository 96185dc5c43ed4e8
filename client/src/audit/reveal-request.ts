/** Values that may be revealed in one go without saying why. */
export const bulkRevealLimit = 1_000;

/** What is about to be revealed, and why. */
export interface RevealRequest {
  /** Where the vault is; its log lies beside it. */
  readonly vaultPath: string;
  /** As the user called it, without `sdp`: `detokenize`, `vault show`, `vault keys export`. */
  readonly command: string;
  readonly reason?: string | undefined;
  /** Where values are taken from; all namespaces where left out. */
  readonly namespaces?: readonly string[];
  /** Values that are going to be revealed, where that is known beforehand. */
  readonly cells?: number;
  /** Of a command that works on several files, shared by them: the limit counts for the run. */
  readonly run?: RevealRun;
  /** As the user named them; only the last part of a path is kept. */
  readonly input?: string;
  readonly output?: string;
}

/** What a run has revealed so far, over all of its files. */
export interface RevealRun {
  cells: number;
}

/** A reveal that stands in the log and is under way. */
export interface RevealEntry {
  /** Values handed out so far. */
  readonly cells: number;
  /**
   * Counts values as they are handed out; cheap enough for each single one.
   * @throws {UsageError} `reason-missing` beyond {@link bulkRevealLimit} without a reason
   */
  count(cells?: number): void;
  /** Writes what became of it, once the output is published. */
  released(): void;
  /**
   * Writes that nothing was released, or, where the values were `streamed` to a place that takes nothing back, some. Does
   * not throw: what went wrong before matters more.
   */
  failed(error: unknown, output?: { readonly streamed?: boolean }): void;
}
