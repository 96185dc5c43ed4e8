import { createHash } from 'node:crypto';
import { Attribution } from './attribution.ts';
import { combinationOf } from './combination.ts';
import type { Ensemble } from './ensemble.ts';
import { openForestMember } from './forest-member.ts';
import { type Manifest, manifestName, packageInvalid, parseManifest } from './manifest.ts';
import type { Member } from './member.ts';
import { openOnnxMember } from './onnx-member.ts';
import { parseRules } from './rules.ts';
import { membersScore, Scorer } from './scorer.ts';

/**
 * Opens a package of models by its files' names and bytes: `ensemble.json` and the files that it lists. Others are left
 * alone. The members are tried once.
 *
 * @throws {ConfigError} `model-invalid` when a file is missing, is not what the manifest says or can't be used
 */
export async function openEnsemble(files: ReadonlyMap<string, Uint8Array>): Promise<Ensemble> {
  const manifest = parseManifest(files.get(manifestName));
  for (const name of Object.keys(manifest.files)) fileOf(files, manifest, name);
  const rules = parseRules(fileOf(files, manifest, manifest.rules), manifest.rules);
  const members: Member[] = [];
  const close = async () => {
    await Promise.all(members.map((member) => member.close()));
  };
  try {
    for (const member of manifest.members) {
      const bytes = fileOf(files, manifest, member.file);
      members.push(member.kind === 'onnx' ? await openOnnxMember(member, bytes) : openForestMember(member, bytes));
    }
    const combination = combinationOf(manifest);
    const attribution = await Attribution.of(manifest, membersScore(members, combination));
    if (Number.isNaN(attribution.ordinaryScore)) {
      throw packageInvalid('the models give no probability for an ordinary transaction', manifestName);
    }
    const scorer = new Scorer({ manifest, members, combination, rules, attribution });
    return {
      version: manifest.version,
      featureSetId: manifest.feature_set,
      score: (batch) => scorer.score(batch),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A listed file whose bytes are those that the manifest means. */
function fileOf(files: ReadonlyMap<string, Uint8Array>, manifest: Manifest, name: string): Uint8Array {
  const bytes = files.get(name);
  const listed = manifest.files[name];
  if (!bytes || !listed) throw packageInvalid('a file that the manifest lists is missing', name);
  if (bytes.length !== listed.bytes || createHash('sha256').update(bytes).digest('hex') !== listed.sha256) {
    throw packageInvalid('a file is not the one that the manifest means', name);
  }
  return bytes;
}
