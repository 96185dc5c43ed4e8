import { ConfigError } from '@sdp/shared/errors';
import { z } from 'zod';
import { featureSet } from '../features/index.ts';

export const manifestName = 'ensemble.json';
const largestManifestBytes = 1_000_000;

const fileName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);
const memberName = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/);
const featureName = z.enum(featureSet.names as readonly [string, ...string[]]);
const memberParts = { name: memberName, file: fileName, features: z.array(featureName).min(1) };

const onnxMember = z.strictObject({
  ...memberParts,
  kind: z.literal('onnx'),
  input: z.string().max(100),
  /** Class probabilities, row by row; `class_index` is the fraud's. */
  output: z.strictObject({
    name: z.string().max(100),
    classes: z.int().min(1).max(2),
    class_index: z.int().min(0).max(1),
  }),
});
const forestMember = z.strictObject({ ...memberParts, kind: z.literal('isolation_forest') });

const manifestSchema = z
  .strictObject({
    schema_version: z.literal(1),
    version: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/),
    feature_set: z.literal(featureSet.id),
    /** Every file that members and rules are read from. */
    files: z.record(
      fileName,
      z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(1).max(100_000_000) }),
    ),
    members: z
      .array(z.discriminatedUnion('kind', [onnxMember, forestMember]))
      .min(1)
      .max(16),
    rules: fileName,
    /** Log-odds of fraud: `intercept` plus each member's score, as log-odds or plain, by its weight. */
    combination: z.strictObject({
      intercept: z.number(),
      weights: z.record(memberName, z.strictObject({ of: z.enum(['log_odds', 'score']), weight: z.number().min(0) })),
    }),
    /** Least score of each decision. */
    thresholds: z.strictObject({ review: z.number().gt(0).lt(1), decline: z.number().gt(0).max(1) }),
    /** Units of `currency` that one unit of each currency is about worth: the magnitude that the members know. */
    amounts: z.strictObject({
      currency: z.string().regex(/^[A-Z]{3}$/),
      worth: z.record(z.string().regex(/^[A-Z]{3}$/), z.number().gt(0).lt(1e6)),
    }),
    /** Values of an ordinary transaction, against which features are explained. */
    ordinary: z.partialRecord(featureName, z.number()),
  })
  .superRefine((manifest, context) => {
    const complain = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', message, path });
    const names = manifest.members.map(({ name }) => name);
    if (new Set(names).size !== names.length) complain('two members have the same name', 'members');
    if (names.toSorted().join() !== Object.keys(manifest.combination.weights).toSorted().join()) {
      complain('not one weight for each member', 'combination', 'weights');
    }
    for (const file of [...manifest.members.map((member) => member.file), manifest.rules]) {
      if (!manifest.files[file]) complain('a file that is used is not listed', 'files');
    }
    for (const { features } of manifest.members) {
      if (new Set(features).size !== features.length) complain('a feature is listed twice', 'members');
      if (features.some((name) => manifest.ordinary[name] === undefined)) complain('a value is missing', 'ordinary');
    }
    for (const member of manifest.members) {
      if (member.kind === 'onnx' && member.output.class_index >= member.output.classes)
        complain('no such class', 'members');
    }
    if (manifest.thresholds.decline < manifest.thresholds.review) complain('below the one for review', 'thresholds');
    if (manifest.amounts.worth[manifest.amounts.currency] !== 1)
      complain('the currency itself is not worth 1', 'amounts');
  });

/** `ensemble.json` of a package. */
export type Manifest = z.infer<typeof manifestSchema>;
export type OnnxMemberManifest = z.infer<typeof onnxMember>;
export type ForestMemberManifest = z.infer<typeof forestMember>;

/** @throws {ConfigError} `model-invalid` naming every field that is wrong */
export function parseManifest(bytes: Uint8Array | undefined): Manifest {
  if (!bytes) throw packageInvalid('the package has no manifest', manifestName);
  if (bytes.length > largestManifestBytes) throw packageInvalid('the manifest is too large', manifestName);
  const parsed = manifestSchema.safeParse(parseJson(bytes, manifestName));
  if (parsed.success) return parsed.data;
  const findings = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  throw new ConfigError('model-invalid', {
    message: 'the manifest of the models is not valid',
    details: { file: manifestName, findings },
  });
}

/** @throws {ConfigError} `model-invalid` */
export function parseJson(bytes: Uint8Array, file: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw packageInvalid('the file is not JSON', file);
  }
}

/** A package that cannot be used, and the file at fault. */
export function packageInvalid(message: string, file: string): ConfigError {
  return new ConfigError('model-invalid', { message, details: { file } });
}
