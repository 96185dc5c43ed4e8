import type { Decision } from '@sdp/shared/contracts';
import { ConfigError } from '@sdp/shared/errors';
import { type ModelPackage, type PackageFiles, type TrustedKeys, verifyPackage } from '../package/index.ts';

/** What every model says of a transaction; a kind of model may say more. */
export interface ModelScore {
  /** 0 (harmless) to 1 (fraud). */
  readonly score: number;
  readonly decision: Decision;
}

/** An opened model. */
export interface ServedModel<In, Out extends ModelScore> {
  readonly version: string;
  readonly featureSetId: string;
  /** One score for each, in their order. */
  score(batch: readonly In[]): Promise<readonly Out[]>;
  close(): Promise<void>;
}

/** How models of one kind are opened and tried out. */
export interface ModelKind<In, Out extends ModelScore> {
  /** That this program computes features by. */
  readonly featureSetId: string;
  /** What each model must give valid scores for before it decides on anything. */
  readonly probes: readonly In[];
  /** @throws {SdpError} for files that are no model of this kind */
  open(files: PackageFiles): Promise<ServedModel<In, Out>>;
}

/** Runs over the probes: code is compiled and memory is taken before the first real transaction. */
const warmUpRuns = 3;

/**
 * Opens a package once its signature and digests are verified, and tries the model out.
 *
 * @throws {IntegrityError} `model-tampered`
 * @throws {ConfigError} `model-invalid` for another feature set, another version than signed, or scores that are none
 */
export async function openPackage<In, Out extends ModelScore>(
  found: ModelPackage,
  trusted: TrustedKeys,
  kind: ModelKind<In, Out>,
): Promise<ServedModel<In, Out>> {
  verifyPackage(found, trusted);
  if (found.statement.featureSetId !== kind.featureSetId) {
    throw new ConfigError('model-invalid', {
      message: 'The model is for another feature set than the one that is computed here',
      remedy: 'Promote one that was made for this version of SDP, such as the shipped one: `sdp-server models list`.',
    });
  }
  const model = await kind.open(found.files);
  try {
    if (model.version !== found.statement.version || model.featureSetId !== kind.featureSetId) {
      throw new ConfigError('model-invalid', { message: 'The model says it is another one than was signed' });
    }
    for (let run = 0; run < warmUpRuns; run++) {
      const scored = await model.score(kind.probes);
      if (scored.length !== kind.probes.length || !scored.every(isValidScore)) {
        throw new ConfigError('model-invalid', { message: 'The model gives no valid scores for the probes' });
      }
    }
    return model;
  } catch (error) {
    await model.close();
    throw error;
  }
}

export function isValidScore(scored: ModelScore | undefined): boolean {
  return scored !== undefined && scored.score >= 0 && scored.score <= 1;
}
