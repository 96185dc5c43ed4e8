import { Command } from 'commander';
import { createRecordAudit } from '../audit/index.ts';
import { type KeyUsage, keyUsage, type RotationRound, reencrypt } from '../data-keys/index.ts';
import { applyMigrations, createPool, type Pool, withTransaction } from '../database/index.ts';
import { createBatchRoots, openDataKeyRing, rotateDataKey } from '../records/index.ts';
import type { Settings } from '../settings/index.ts';
import { openDatabase } from './open-database.ts';
import { operator } from './operator.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

interface Parts {
  readonly pool: Pool;
  readonly serverKey: Awaited<ReturnType<typeof openDatabase>>['serverKey'];
}

/** `sdp-server data-keys list|status|rotate`: on the configured database, or the embedded one, running or not. */
export function dataKeysCommand(load: Load): Command {
  const command = new Command('data-keys')
    .description('Show and rotate the keys that stored data is sealed under')
    .addHelpText('after', '\nExample:\n  $ sdp-server data-keys list');
  command
    .command('list')
    .alias('status')
    .description('List data keys and how much is under each of them')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server data-keys list')
    .action(({ json }: { json: boolean }) => withKeys(load(), async ({ pool }) => show(await keyUsage(pool), json)));
  command
    .command('rotate')
    .description('Make a new data key; servers that run give it to all that is stored, and destroy the one before')
    .option('--now', 'give it to what is stored in this process, and end when that is done', false)
    .option('--no-new-key', 'make no new key: only go on with an earlier rotation')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server data-keys rotate')
    .action((options: RotateOptions) => withKeys(load(), (parts) => rotate(parts, options)));
  return command;
}

interface RotateOptions {
  readonly now: boolean;
  readonly newKey: boolean;
  readonly json: boolean;
}

async function withKeys(settings: Settings, work: (parts: Parts) => Promise<void>): Promise<void> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-data-keys', maxConnections: 4 });
  try {
    await applyMigrations(dsn);
    await openDataKeyRing(pool, serverKey);
    await work({ pool, serverKey });
  } finally {
    await pool.end();
    await stop();
  }
}

async function rotate({ pool, serverKey }: Parts, { now, newKey, json }: RotateOptions): Promise<void> {
  const recordAudit = createRecordAudit(serverKey);
  const actor = operator();
  if (newKey) {
    await withTransaction(pool, async (tx) => {
      const { active, retired } = await rotateDataKey(tx, serverKey);
      const subject = `data-key-${active}`;
      await recordAudit(tx, { actor, action: 'data-key.created', subject, detail: { in_place_of: retired } });
    });
  }
  const keyRing = await openDataKeyRing(pool, serverKey);
  const round = now
    ? await reencrypt({ pool, keyRing, recordAudit, actor, roots: createBatchRoots(serverKey) })
    : undefined;
  const usage = await keyUsage(pool);
  if (json) {
    printLine(JSON.stringify({ data_keys: usage.map(toJson), ...(round && { round }) }));
    return;
  }
  show(usage, false);
  if (now) printLine(round ? told(round) : 'A server gives data its new key at this moment; see `data-keys status`.');
  else printLine('Servers that run give what is stored its new key; `data-keys status` shows how far they have come.');
}

function told({ resealed, tampered }: RotationRound): string {
  const left = tampered === 0 ? '' : `; ${tampered} are not what was written and keep theirs: see \`integrity sweep\``;
  return `${resealed.toLocaleString('en-US')} batches and rows have the active key now${left}.`;
}

function show(usage: readonly KeyUsage[], json: boolean): void {
  if (json) {
    printLine(JSON.stringify({ data_keys: usage.map(toJson) }));
    return;
  }
  printTable(
    ['KEY', 'STATE', 'MADE', 'RETIRED', 'BATCHES', 'UNFINISHED', 'VERSIONS', 'PROPOSALS', 'SNAPSHOTS', 'EVENT BLOCKS'],
    usage.map((key) => [
      ...[`${key.keyId}`, key.state, key.createdAt.toISOString(), key.retiredAt?.toISOString()],
      ...[key.batches, key.unfinished, key.versions, key.proposals, key.snapshots, key.eventBlocks],
    ]),
  );
}

function toJson({ keyId, state, createdAt, retiredAt, eventBlocks, ...counts }: KeyUsage): object {
  return {
    ...{ key_id: keyId, state, created_at: createdAt.toISOString(), retired_at: retiredAt?.toISOString() ?? null },
    ...counts,
    event_blocks: eventBlocks,
  };
}
