import type { Decision, DecisionReason } from '@sdp/shared/contracts';
import { featureSet, features } from '../features/index.ts';
import type { Attribution, MembersScore } from './attribution.ts';
import { type Combination, probabilityOf } from './combination.ts';
import type { Scored, ScoringInput } from './ensemble.ts';
import type { Manifest } from './manifest.ts';
import type { Member } from './member.ts';
import { familyReasons, notScored } from './reasons.ts';
import type { Rule } from './rules.ts';

const width = featureSet.names.length;
const amountColumns = features.flatMap(({ unit }, column) => (unit === 'amount' ? [column] : []));
const severity: Record<Decision, number> = { APPROVE: 0, REVIEW: 1, DECLINE: 2 };
/** Rule hits shown; together with features at most as many as an answer holds. */
const shownRules = 15;

export interface ScorerParts {
  readonly manifest: Manifest;
  readonly members: readonly Member[];
  readonly combination: Combination;
  readonly rules: readonly Rule[];
  readonly attribution: Attribution;
}

/** The probability by the members alone. */
export function membersScore(members: readonly Member[], combination: Combination): MembersScore {
  return async (matrix, rows) => {
    const scores = await Promise.all(members.map((member) => member.score(matrix, rows)));
    return Float64Array.from({ length: rows }, (_, row) =>
      probabilityOf(combination.logOdds(scores.map((of) => of[row] as number))),
    );
  };
}

/** A decision before it is explained. */
interface Draft {
  readonly vector: Float32Array;
  readonly scored: { score: number; decision: Decision; memberScores: Record<string, number> };
  readonly ruleReasons: readonly DecisionReason[];
  /** Score by the members alone; undefined where there is none. */
  readonly membersAlone: number | undefined;
}

/** Scores batches by the members, then asks the rules, then explains what isn't approved. */
export class Scorer {
  readonly #parts: ScorerParts;

  constructor(parts: ScorerParts) {
    this.#parts = parts;
  }

  async score(batch: readonly ScoringInput[]): Promise<Scored[]> {
    const { members } = this.#parts;
    const vectors = batch.map((input) => this.#inPackageCurrency(input));
    const matrix = new Float32Array(batch.length * width);
    for (const [row, vector] of vectors.entries()) if (vector) matrix.set(vector, row * width);
    const scores =
      batch.length === 0 ? [] : await Promise.all(members.map((member) => member.score(matrix, batch.length)));
    const drafts = batch.map((input, row) => {
      const vector = vectors[row];
      const ofMembers = vector && scores.map((of) => of[row] as number);
      return this.#draft(input, vector, ofMembers);
    });
    return await this.#explained(drafts);
  }

  /** The vector with amounts in the package's currency; undefined where it can't be scored. */
  #inPackageCurrency({ transaction, vector }: ScoringInput): Float32Array | undefined {
    const worth = this.#parts.manifest.amounts.worth[transaction.currency];
    if (worth === undefined || vector.length !== width) return undefined;
    const converted = worth === 1 ? vector : vector.slice();
    if (worth !== 1) for (const column of amountColumns) converted[column] = (converted[column] as number) * worth;
    for (let column = 0; column < width; column += 1) {
      if (!Number.isFinite(converted[column] as number)) return undefined;
    }
    return converted;
  }

  #draft(input: ScoringInput, vector: Float32Array | undefined, ofMembers: number[] | undefined): Draft {
    const { manifest, members, combination, rules } = this.#parts;
    const { review, decline } = manifest.thresholds;
    const circumstances = { transaction: input.transaction, vector: vector ?? input.vector };
    const hits = rules.filter((rule) => rule.hits(circumstances));
    let logOdds = ofMembers ? combination.logOdds(ofMembers) : Number.NaN;
    const isScored = !Number.isNaN(logOdds);
    const membersAlone = isScored ? probabilityOf(logOdds) : undefined;
    const ruleReasons: DecisionReason[] = isScored ? [] : [notScored];
    for (const { code, text, add } of hits) {
      const before = probabilityOf(logOdds);
      logOdds += add;
      const contribution = add === 0 || !isScored ? null : rounded(probabilityOf(logOdds) - before);
      ruleReasons.push({ kind: 'rule', code, text, contribution });
    }
    // Without a score it is one that somebody has to look at.
    const score = isScored ? rounded(probabilityOf(logOdds)) : review;
    let decision: Decision = score >= decline ? 'DECLINE' : score >= review ? 'REVIEW' : 'APPROVE';
    for (const { raiseTo } of hits) if (raiseTo && severity[raiseTo] > severity[decision]) decision = raiseTo;
    const memberScores = isScored
      ? Object.fromEntries(members.map(({ name }, index) => [name, rounded(ofMembers?.[index] as number)]))
      : {};
    return {
      vector: circumstances.vector,
      scored: { score, decision, memberScores },
      ruleReasons: ruleReasons.slice(0, shownRules),
      membersAlone,
    };
  }

  async #explained(drafts: readonly Draft[]): Promise<Scored[]> {
    const asked = drafts.filter(
      ({ scored, membersAlone }) => scored.decision !== 'APPROVE' && membersAlone !== undefined,
    );
    const contributions =
      asked.length === 0
        ? []
        : await this.#parts.attribution.explain(
            asked.map(({ vector, membersAlone }) => ({ vector, score: membersAlone as number })),
          );
    const reasonsOf = new Map(asked.map((draft, index) => [draft, familyReasons(contributions[index] ?? new Map())]));
    return drafts.map((draft) => ({
      ...draft.scored,
      reasons: [...draft.ruleReasons, ...(reasonsOf.get(draft) ?? [])],
    }));
  }
}

/** Six decimals: scores are no more exact than that. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
