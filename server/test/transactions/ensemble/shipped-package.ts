import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Transaction } from '@sdp/shared/contracts';
import type { Scored, ScoringInput } from '../../../src/transactions/ensemble/index.ts';
import type { Manifest } from '../../../src/transactions/ensemble/manifest.ts';
import { featureSet } from '../../../src/transactions/features/index.ts';

export type Files = Map<string, Uint8Array>;

const folder = join(import.meta.dirname, '../../../models/fraud/1.0.0');

/** The files of the package that comes with SDP. */
export function shippedPackage(): Files {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

export function manifestOf(files: Files): Manifest {
  return JSON.parse(Buffer.from(files.get('ensemble.json') as Uint8Array).toString());
}

/** A package whose manifest is changed. */
export function withManifest(files: Files, change: (manifest: Manifest) => void): Files {
  const manifest = manifestOf(files);
  change(manifest);
  return new Map(files).set('ensemble.json', Buffer.from(JSON.stringify(manifest)));
}

/** A package with another file, listed as it should be. */
export function withFile(files: Files, name: string, content: string | Uint8Array): Files {
  const bytes = Buffer.from(content);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return withManifest(new Map(files).set(name, bytes), (manifest) => {
    manifest.files[name] = { sha256, bytes: bytes.length };
  });
}

export const noRules = 'schema_version: 1\nrules: []\n';

/** A transaction whose features are ordinary but for those given. */
export function inputOf(
  change: Partial<Record<string, number>> = {},
  transaction: Partial<Transaction> = {},
): ScoringInput {
  const { ordinary } = manifestOf(shippedPackage()) as { ordinary: Record<string, number> };
  return {
    transaction: {
      transaction_id: 't-1',
      occurred_at: '2026-01-15T12:00:00Z',
      amount: 10,
      currency: 'EUR',
      customer: `tok_${'0'.repeat(32)}`,
      terminal: `tok_${'1'.repeat(32)}`,
      ...transaction,
    },
    features: {},
    vector: Float32Array.from(featureSet.names, (name) => change[name] ?? ordinary[name] ?? 0),
  };
}

export async function scoreOne(
  ensemble: { score(batch: readonly ScoringInput[]): Promise<Scored[]> },
  input: ScoringInput,
): Promise<Scored> {
  const [scored] = await ensemble.score([input]);
  return scored as Scored;
}
