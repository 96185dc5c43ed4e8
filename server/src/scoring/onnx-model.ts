import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '@sdp/shared/errors';
import type { InferenceSession } from 'onnxruntime-node';
import { loadOnnxRuntime } from '../inference/index.ts';
import { type ModelCard, parseModelCard } from './model-card.ts';
import type { RiskModel } from './risk-model.ts';

export interface OnnxModelOptions {
  /** Path of the `.card.json`; the model file stands beside it. The model that comes with SDP where left out. */
  readonly cardPath?: string;
  /** Threads of one inference. One by default: more cores are better used by more workers. */
  readonly threads?: number;
}

/** Card of the model that comes with SDP. The path holds from `src/` and from `dist/`. */
export function defaultModelCardPath(): string {
  return fileURLToPath(new URL('../../models/credit-default-1.0.0.card.json', import.meta.url));
}

/**
 * Reads a model card and the model it describes, and tries the model once.
 *
 * @throws {ConfigError} `model-invalid` when the card isn't valid, or the file isn't the one it describes, or the model
 * takes or gives something else than the card says
 */
export async function loadOnnxModel(options: OnnxModelOptions = {}): Promise<RiskModel> {
  const cardPath = options.cardPath ?? defaultModelCardPath();
  const card = parseModelCard(await readModelFile(cardPath), cardPath);
  const modelPath = join(dirname(cardPath), card.file.name);
  const bytes = await readModelFile(modelPath);
  if (createHash('sha256').update(bytes).digest('hex') !== card.file.sha256) {
    throw invalid('the model file is not the one that its card describes', modelPath);
  }
  const runtime = await loadOnnxRuntime();
  const session = await runtime.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  }).catch(() => {
    throw invalid('the model file cannot be loaded', modelPath);
  });
  const width = card.features.length;
  const model: RiskModel = {
    card,
    async predict(matrix, rowCount) {
      const input = new runtime.Tensor('float32', matrix.subarray(0, rowCount * width), [rowCount, width]);
      const output = (await session.run({ [card.input.name]: input }, [card.output.name]))[card.output.name];
      return scoresOf(output?.data, rowCount, card.output);
    },
    close: () => session.release(),
  };
  try {
    assertFits(session, card, modelPath);
    await tryOut(model, modelPath);
  } catch (error) {
    await session.release();
    throw error;
  }
  return model;
}

/** Picks the scored class's column out of the row-major probabilities. */
function scoresOf(data: unknown, rowCount: number, output: ModelCard['output']): Float32Array {
  if (!(data instanceof Float32Array) || data.length !== rowCount * output.classes) {
    throw new ConfigError('model-invalid', { message: 'the model gives another number of values than its card says' });
  }
  const scores = new Float32Array(rowCount);
  for (let row = 0; row < rowCount; row += 1) {
    scores[row] = data[row * output.classes + output.class_index] as number;
  }
  return scores;
}

/** Compares what the model declares with its card; shapes may be dynamic (a name instead of a number). */
function assertFits(session: InferenceSession, card: ModelCard, file: string): void {
  const input = session.inputMetadata.find(({ name }) => name === card.input.name);
  if (session.inputMetadata.length !== 1 || !input?.isTensor || input.type !== card.input.dtype) {
    throw invalid('the model does not take the one input that its card names', file);
  }
  const [, width] = input.shape;
  if (input.shape.length !== 2 || (typeof width === 'number' && width > 0 && width !== card.features.length)) {
    throw invalid('the model takes another number of features than its card lists', file);
  }
  if (!session.outputNames.includes(card.output.name)) {
    throw invalid('the model does not give the output that its card names', file);
  }
}

/** One row without any feature: a model that can't take gaps, or gives no probability, is found out at the start. */
async function tryOut(model: RiskModel, file: string): Promise<void> {
  const gaps = new Float32Array(model.card.features.length).fill(Number.NaN);
  const [score] = await model.predict(gaps, 1).catch(() => []);
  if (score === undefined || !(score >= 0 && score <= 1)) {
    throw invalid('the model gives no probability for a record with gaps', file);
  }
}

async function readModelFile(file: string): Promise<Buffer> {
  return await readFile(file).catch(() => {
    throw invalid('the model or its card cannot be read', file);
  });
}

function invalid(message: string, file: string): ConfigError {
  return new ConfigError('model-invalid', { message, details: { file } });
}
