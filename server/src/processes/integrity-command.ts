import { IntegrityError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { createRecordAudit } from '../audit/index.ts';
import { applyMigrations, createPool } from '../database/index.ts';
import { type Finding, type Sweep, sweepOnce } from '../integrity/index.ts';
import { createBatchRoots, openDataKeyRing } from '../records/index.ts';
import type { Settings } from '../settings/index.ts';
import { openDatabase } from './open-database.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

/** `sdp-server integrity sweep`. */
export function integrityCommand(load: Load): Command {
  const command = new Command('integrity')
    .description('Verify what is stored')
    .addHelpText('after', '\nExample:\n  $ sdp-server integrity sweep');
  command
    .command('sweep')
    .description('Verify every batch, record, result, version and proposal now; exits with 6 if anything was changed')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server integrity sweep --json')
    .action(({ json }: { json: boolean }) => run(load(), json));
  return command;
}

async function run(settings: Settings, json: boolean): Promise<void> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-sweep', maxConnections: 4 });
  try {
    await applyMigrations(dsn);
    const keyRing = await openDataKeyRing(pool, serverKey);
    const swept = await sweepOnce(
      {
        ...{ pool, keyRing, serverKey, roots: createBatchRoots(serverKey) },
        recordAudit: createRecordAudit(serverKey),
        // What is found is printed; log lines would stand in between.
        logger: { error: () => undefined, warn: () => undefined },
        onFailure: () => undefined,
      },
      { told: new Set() },
    );
    if (!swept) {
      printLine(json ? JSON.stringify({ swept: false }) : 'A server is verifying what is stored at this moment.');
      return;
    }
    if (json) printLine(JSON.stringify(toJson(swept)));
    else print(swept);
    if (swept.findings.length > 0) {
      throw new IntegrityError('record-tampered', {
        message: `Stored data is not what was written: ${told(swept.findings[0] as Finding)}`,
      });
    }
  } finally {
    await pool.end();
    await stop();
  }
}

function print({ batches, rows, startedAt, finishedAt, findings }: Sweep): void {
  const seconds = (finishedAt.getTime() - startedAt.getTime()) / 1_000;
  printTable(
    ['BATCHES', 'ROWS', 'SECONDS', 'FOUND'],
    [[batches, rows, Math.round(seconds * 10) / 10, findings.length]],
  );
  if (findings.length === 0) {
    printLine('Everything is as it was written.');
    return;
  }
  printLine('');
  printTable(
    ['TABLE', 'WHAT', 'BATCH', 'RECORD', 'VERSION', 'PROPOSAL'],
    findings
      .slice(0, maxPrinted)
      .map(({ table, kind, batchId, row, version, proposalId }) => [table, kind, batchId, row, version, proposalId]),
  );
  if (findings.length > maxPrinted) printLine(`and ${findings.length - maxPrinted} more; --json lists them`);
}

const maxPrinted = 50;

function told({ table, kind, batchId, row }: Finding): string {
  return `${table}: ${kind}, batch ${batchId}${row === undefined ? '' : `, record ${row}`}`;
}

function toJson({ batches, rows, startedAt, finishedAt, findings }: Sweep): object {
  return {
    ...{ swept: true, intact: findings.length === 0, batches, rows },
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    findings: findings.map(({ table, kind, batchId, row, version, proposalId }) => ({
      ...{ table, kind, batch_id: batchId, row, version, proposal_id: proposalId },
    })),
  };
}
