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

  /** @param explained vectors and their scores by the members alone; all are scored in one run */
  async explain(
    explained: readonly { readonly vector: Float32Array; readonly score: number }[],
  ): Promise<ReadonlyMap<FeatureFamily, number>[]> {
    const rowsEach = 2 * this.#families.length;
    const matrix = new Float32Array(explained.length * rowsEach * width);
    for (const [index, { vector }] of explained.entries()) {
      for (const [position, { columns }] of this.#families.entries()) {
        const without = (index * rowsEach + 2 * position) * width;
        const only = without + width;
        matrix.set(vector, without);
        matrix.set(this.#ordinary, only);
        for (const column of columns) {
          matrix[without + column] = this.#ordinary[column] as number;
          matrix[only + column] = vector[column] as number;
        }
      }
    }
    const scores = await this.#score(matrix, explained.length * rowsEach);
    return explained.map(({ score }, index) => {
      const contributionOf = (position: number) => {
        const without = scores[index * rowsEach + 2 * position] as number;
        const only = scores[index * rowsEach + 2 * position + 1] as number;
        return (score - without + only - this.#ordinaryScore) / 2;
      };
      return new Map(this.#families.map(({ family }, position) => [family, contributionOf(position)]));
    });
  }
}
