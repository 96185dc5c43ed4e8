import { type FeatureFamily, featureSet, features } from '../features/index.ts';
import type { Manifest } from './manifest.ts';

const width = featureSet.names.length;

/** Scores whole vectors by the members alone, row by row. */
export type MembersScore = (matrix: Float32Array, rows: number) => Promise<Float64Array>;

interface Family {
  readonly family: FeatureFamily;
  readonly columns: readonly number[];
}

/**
 * Tells what families of features did to a score f: half of what the score loses when the family is set to the values of
 * an ordinary transaction, plus half of what an ordinary transaction's score gains when it gets the family's values:
 * ½[f(x) − f(x without g)] + ½[f(o with g) − f(o)]. Where no more than two families act together, that is the Shapley
 * value (Shapley 1953), and it doesn't miss two families of which each would suffice alone, as leaving out alone does.
 */
export class Attribution {
  readonly #families: readonly Family[];
  readonly #ordinary: Float32Array;
  readonly #score: MembersScore;
  readonly #ordinaryScore: number;

  private constructor(families: readonly Family[], ordinary: Float32Array, score: MembersScore, ordinaryScore: number) {
    this.#families = families;
    this.#ordinary = ordinary;
    this.#score = score;
    this.#ordinaryScore = ordinaryScore;
  }

  static async of(manifest: Manifest, score: MembersScore): Promise<Attribution> {
    const used = new Set<string>(manifest.members.flatMap((member) => member.features));
    const families = new Map<FeatureFamily, number[]>();
    for (const [column, { name, family }] of features.entries()) {
      if (used.has(name)) families.set(family, [...(families.get(family) ?? []), column]);
    }
    const ordinary = Float32Array.from(featureSet.names, (name) => manifest.ordinary[name] ?? 0);
    const [ordinaryScore] = await score(ordinary, 1);
    const list = [...families].map(([family, columns]) => ({ family, columns }));
    return new Attribution(list, ordinary, score, ordinaryScore as number);
  }

  /** The score of an ordinary transaction; NaN where the members can't score it. */
  get ordinaryScore(): number {
    return this.#ordinaryScore;
  }

  /**
   * @param explained vectors and their scores by the members alone; all are scored in one run
   * @returns for each what its families did, but for those that are as in an ordinary transaction
   */
  async explain(
    explained: readonly { readonly vector: Float32Array; readonly score: number }[],
  ): Promise<ReadonlyMap<FeatureFamily, number>[]> {
    // A family that is as in an ordinary transaction did nothing; two rows for each of the others.
    const unusual = explained.map(({ vector }) =>
      this.#families.filter(({ columns }) => columns.some((column) => vector[column] !== this.#ordinary[column])),
    );
    const rows = 2 * unusual.reduce((sum, families) => sum + families.length, 0);
    const matrix = new Float32Array(rows * width);
    let offset = 0;
    for (const [index, { vector }] of explained.entries()) {
      for (const { columns } of unusual[index] ?? []) {
        const without = offset;
        const only = offset + width;
        matrix.set(vector, without);
        matrix.set(this.#ordinary, only);
        for (const column of columns) {
          matrix[without + column] = this.#ordinary[column] as number;
          matrix[only + column] = vector[column] as number;
        }
        offset += 2 * width;
      }
    }
    const scores = rows === 0 ? new Float64Array() : await this.#score(matrix, rows);
    let row = 0;
    return explained.map(({ score }, index) => {
      const contributions = new Map<FeatureFamily, number>();
      for (const { family } of unusual[index] ?? []) {
        const without = scores[row] as number;
        const only = scores[row + 1] as number;
        contributions.set(family, (score - without + only - this.#ordinaryScore) / 2);
        row += 2;
      }
      return contributions;
    });
  }
}
