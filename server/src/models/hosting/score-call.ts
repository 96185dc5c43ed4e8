import { isValidScore, type ModelScore, type ServedModel } from './served-model.ts';

export interface CallResult<Out> {
  /** In the order of the batch; undefined where the model gave no valid score. */
  readonly scored: readonly (Out | undefined)[];
  readonly ms: number;
  /** What it threw, or that it took too long. */
  readonly error?: unknown;
}

/** Asks a model about a batch, once. Never rejects. What comes after the timeout is not looked at. */
export async function callModel<In, Out extends ModelScore>(
  model: ServedModel<In, Out>,
  batch: readonly In[],
  timeoutMs: number,
): Promise<CallResult<Out>> {
  const started = performance.now();
  const none = (error?: unknown): CallResult<Out> => ({
    scored: batch.map(() => undefined),
    ms: performance.now() - started,
    ...(error !== undefined && { error }),
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const given = await Promise.race([
      model.score(batch),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('the model took too long')), timeoutMs);
      }),
    ]);
    if (given.length !== batch.length) return none(new Error('the model gave another number of scores'));
    const ms = performance.now() - started;
    return { scored: given.map((each) => (isValidScore(each) ? each : undefined)), ms };
  } catch (error) {
    return none(error);
  } finally {
    clearTimeout(timer);
  }
}
