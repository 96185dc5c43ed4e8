import { RejectedError, UsageError } from '@sdp/shared/errors';
import { createReportSource, type Deployment, reportOn } from '../../models/index.ts';
import type { Settings } from '../../settings/index.ts';
import { printLine } from '../print.ts';
import { printTable } from '../print-table.ts';
import { describe } from './deploy-models.ts';
import { withModels } from './open-models.ts';
import { printReport, reportJson } from './print-report.ts';

export async function listModels(settings: Settings, { json }: { json: boolean }): Promise<void> {
  await withModels(settings, async ({ registry }) => {
    const history = await registry.deployments.history();
    const byGeneration = new Map(history.map(({ deployment }) => [deployment.generation, deployment]));
    const present = history[0]?.deployment;
    const workers = (await registry.workers.list(present?.generation ?? 0)).filter(({ isAlive }) => isAlive);
    const runs = (version: string) =>
      workers.filter(({ generation }) => roleOf(byGeneration.get(generation), version) !== undefined).length;
    const versions = await registry.versions.list();
    if (json) {
      const models = versions.map((each) => ({
        version: each.version,
        feature_set: each.featureSetId,
        key_id: each.keyId,
        signed_at: each.signedAt.toISOString(),
        added_at: each.addedAt.toISOString(),
        added_by: each.addedBy,
        sha256: each.sha256,
        size_bytes: each.sizeBytes,
        role: roleOf(present, each.version) ?? null,
        workers: runs(each.version),
      }));
      printLine(JSON.stringify({ generation: present?.generation ?? 0, models, workers: workers.length }));
      return;
    }
    printTable(
      ['VERSION', 'ROLE', 'WORKERS', 'FEATURES', 'SIGNED BY', 'ADDED', 'BY'],
      versions.map((each) => [
        each.version,
        roleText(present, each.version),
        runs(each.version),
        each.featureSetId,
        each.keyId,
        each.addedAt.toISOString(),
        each.addedBy,
      ]),
    );
    if (present) printLine(`\n${describe(present)}`);
    for (const { name, generation } of workers) {
      if (generation !== present?.generation) printLine(`${name} still runs generation ${generation}`);
    }
  });
}

/** One version with its files, and the deployments that it took part in. */
export async function showModel(settings: Settings, version: string, { json }: { json: boolean }): Promise<void> {
  await withModels(settings, async ({ registry }) => {
    const stored = (await registry.versions.list()).find((each) => each.version === version);
    if (stored === undefined) throw new RejectedError('model-unknown');
    const { statement } = await registry.versions.load(version);
    const deployments = (await registry.deployments.history()).filter(
      ({ deployment }) => roleOf(deployment, version) !== undefined,
    );
    if (json) {
      const files = statement.files.map(({ name, sizeBytes, sha256 }) => ({ name, size_bytes: sizeBytes, sha256 }));
      const past = deployments.map(({ deployment, reason, madeBy }) => ({
        ...deployment,
        made_at: new Date(deployment.made_ms).toISOString(),
        made_by: madeBy,
        reason,
      }));
      const facts = { version, feature_set: stored.featureSetId, key_id: stored.keyId, sha256: stored.sha256 };
      printLine(JSON.stringify({ ...facts, signed_at: stored.signedAt.toISOString(), files, deployments: past }));
      return;
    }
    printLine(
      `${version} for ${stored.featureSetId}, signed with key ${stored.keyId} at ${stored.signedAt.toISOString()}`,
    );
    printLine(`added at ${stored.addedAt.toISOString()} by ${stored.addedBy}\n`);
    printTable(
      ['FILE', 'BYTES', 'SHA-256'],
      statement.files.map(({ name, sizeBytes, sha256 }) => [name, sizeBytes, sha256]),
    );
    printLine('');
    if (deployments.length === 0) printLine('It was never deployed.');
    else {
      printTable(
        ['GENERATION', 'ROLE', 'HOW', 'AT', 'BY', 'WHY'],
        deployments.map(({ deployment, reason, madeBy }) => [
          deployment.generation,
          roleText(deployment, version),
          deployment.kind,
          new Date(deployment.made_ms).toISOString(),
          madeBy,
          reason,
        ]),
      );
    }
  });
}

export async function reportModels(
  settings: Settings,
  { since, json }: { since?: string; json: boolean },
): Promise<void> {
  await withModels(settings, async ({ pool, registry }) => {
    const latest = await registry.deployments.latest();
    if (latest === undefined) throw new RejectedError('model-unknown', { message: 'No model is deployed yet' });
    const { deployment } = latest;
    const from = since === undefined ? new Date(deployment.made_ms) : sinceOf(since);
    const report = await reportOn(deployment, from, { source: createReportSource(pool), usage: registry.usage });
    if (json) printLine(JSON.stringify(reportJson(report)));
    else printReport(report);
  });
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30m`, `12h`, `7d`, or a time with its offset from UTC. */
function sinceOf(text: string): Date {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const time =
    count === undefined ? Date.parse(text) : Date.now() - Number(count) * unitMs[unit as keyof typeof unitMs];
  if (Number.isNaN(time) || (count === undefined && !/(Z|[+-]\d\d:\d\d)$/.test(text))) {
    throw new UsageError('usage-invalid', {
      message: '--since takes 30m, 12h, 7d, or a time like 2026-01-31T12:00:00Z',
    });
  }
  return new Date(time);
}

function roleOf(deployment: Deployment | undefined, version: string): 'champion' | 'challenger' | 'shadow' | undefined {
  if (deployment?.champion === version) return 'champion';
  if (deployment?.challenger?.version === version) return 'challenger';
  return deployment?.shadow === version ? 'shadow' : undefined;
}

function roleText(deployment: Deployment | undefined, version: string): string | undefined {
  const role = roleOf(deployment, version);
  const share = deployment?.challenger?.share ?? 0;
  return role === 'challenger' ? `challenger ${Number((share * 100).toFixed(4))} %` : role;
}
