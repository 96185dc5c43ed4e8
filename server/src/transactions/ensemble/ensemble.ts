import type { Decision, DecisionReason, Transaction } from '@sdp/shared/contracts';
import type { Features } from '../features/index.ts';

/** A transaction to be scored. */
export interface ScoringInput {
  readonly transaction: Transaction;
  /** As the stages worked them out. */
  readonly features: Readonly<Features>;
  /** `toVector(features, transaction)`. */
  readonly vector: Float32Array;
}

/** What an ensemble says of a transaction. */
export interface Scored {
  /** 0 (harmless) to 1 (fraud): a probability, as far as the training data tells. */
  readonly score: number;
  readonly decision: Decision;
  /** Rules that hit, then, where the decision isn't APPROVE, the features that raised the score most. */
  readonly reasons: readonly DecisionReason[];
  /** What each member said by itself, 0–1, by its name; empty where it could not be asked. */
  readonly memberScores: Readonly<Record<string, number>>;
}

/** A package of models and rules that decides on transactions. Immutable: a batch is scored by one. */
export interface Ensemble {
  /** Such as `fraud-1.0.0`. */
  readonly version: string;
  /** Feature set whose vectors it takes. */
  readonly featureSetId: string;
  /**
   * Scores transactions, in the order given. A vector with a gap or an infinite value isn't scored: it goes to REVIEW.
   *
   * @throws {ConfigError} `model-invalid` if a member gives something else than one probability per transaction
   */
  score(batch: readonly ScoringInput[]): Promise<Scored[]>;
  close(): Promise<void>;
}
