import type { InferenceSession } from 'onnxruntime-node';
import { loadOnnxRuntime } from '../../inference/index.ts';
import { featureSet } from '../features/index.ts';
import { type OnnxMemberManifest, packageInvalid } from './manifest.ts';
import { isProbability, type Member, pickColumns } from './member.ts';

const width = featureSet.names.length;

/** @throws {ConfigError} `model-invalid` when the file can't be loaded, or takes or gives something else than said */
export async function openOnnxMember(manifest: OnnxMemberManifest, bytes: Uint8Array): Promise<Member> {
  const { name, file, features, input, output } = manifest;
  const columns = features.map((feature) => featureSet.names.indexOf(feature));
  const runtime = await loadOnnxRuntime();
  const session = await runtime.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  }).catch(() => {
    throw packageInvalid('a model cannot be loaded', file);
  });
  const member: Member = {
    name,
    columns,
    async score(matrix, rows) {
      const picked = new runtime.Tensor('float32', pickColumns(matrix, rows, width, columns), [rows, columns.length]);
      const results = await session.run({ [input]: picked }, [output.name]);
      const data = results[output.name]?.data;
      if (!(data instanceof Float32Array) || data.length !== rows * output.classes) {
        throw packageInvalid('a model gives another number of values than the manifest says', file);
      }
      return Float64Array.from({ length: rows }, (_, row) => {
        const value = data[row * output.classes + output.class_index] as number;
        return isProbability(value) ? value : Number.NaN;
      });
    },
    close: () => session.release(),
  };
  try {
    assertFits(session, manifest);
  } catch (error) {
    await session.release();
    throw error;
  }
  return member;
}

/** Compares what the model declares with the manifest; shapes may be dynamic (a name instead of a number). */
function assertFits(session: InferenceSession, { input, output, features, file }: OnnxMemberManifest): void {
  const declared = session.inputMetadata.find(({ name }) => name === input);
  if (session.inputMetadata.length !== 1 || !declared?.isTensor || declared.type !== 'float32') {
    throw packageInvalid('a model does not take the one input of float32 that the manifest names', file);
  }
  const [, columns] = declared.shape;
  if (declared.shape.length !== 2 || (typeof columns === 'number' && columns > 0 && columns !== features.length)) {
    throw packageInvalid('a model takes another number of features than the manifest lists', file);
  }
  if (!session.outputNames.includes(output.name)) {
    throw packageInvalid('a model does not give the output that the manifest names', file);
  }
}
