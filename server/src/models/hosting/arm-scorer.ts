import { UnavailableError } from '@sdp/shared/errors';
import type { UsageArm } from '../usage/usage-recorder.ts';
import { type CallResult, callModel } from './score-call.ts';
import type { ModelScore, ServedModel } from './served-model.ts';
import type { Serving } from './serving.ts';
import type { Arm } from './split-rules.ts';

/** A transaction's score, and by which model. */
export interface ArmScore<Out> {
  readonly scored: Out;
  /** Of the model that gave the score: another one than the arm's own where that failed. */
  readonly modelVersion: string;
  readonly arm: Arm;
}

export interface ModelCall {
  readonly generation: number;
  readonly arm: UsageArm;
  readonly version: string;
  readonly attempted: number;
  readonly result: CallResult<ModelScore>;
}

/**
 * Scores the transactions of one arm by its model. Those for which it gives no valid score are scored by the champion or, where
 * that is the one that failed, by the champion before: each transaction by one model, whole.
 *
 * @throws {UnavailableError} `model-failed` where no model is left
 */
export async function scoreArm<In, Out extends ModelScore>(
  serving: Serving<In, Out>,
  arm: Arm,
  batch: readonly In[],
  { timeoutMs, onCall }: { readonly timeoutMs: number; readonly onCall: (call: ModelCall) => void },
): Promise<ArmScore<Out>[]> {
  const scores: ArmScore<Out>[] = new Array(batch.length);
  let waiting = batch.map((_, i) => i);
  for (const [turn, model] of modelsFor(serving, arm).entries()) {
    const asked = waiting;
    const inputs = asked.length === batch.length ? batch : asked.map((i) => batch[i] as In);
    const result = await callModel(model, inputs, timeoutMs);
    onCall({
      generation: serving.deployment.generation,
      arm: turn === 0 ? arm : 'stand-in',
      version: model.version,
      attempted: asked.length,
      result,
    });
    waiting = [];
    for (const [at, i] of asked.entries()) {
      const scored = result.scored[at];
      if (scored === undefined) waiting.push(i);
      else scores[i] = { scored, modelVersion: model.version, arm };
    }
    if (waiting.length === 0) return scores;
  }
  throw new UnavailableError('model-failed');
}

function modelsFor<In, Out extends ModelScore>(serving: Serving<In, Out>, arm: Arm): ServedModel<In, Out>[] {
  const { champion, challenger, standIn } = serving;
  return [arm === 'challenger' ? challenger : undefined, champion, standIn].filter((model) => model !== undefined);
}
