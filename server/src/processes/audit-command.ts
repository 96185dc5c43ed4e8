import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { IntegrityError } from '@sdp/shared/errors';
import { Command } from 'commander';
import {
  type ChangeKind,
  changeKinds,
  exportLedger,
  fileAnchor,
  type LedgerFinding,
  type LedgerReport,
  ledgerKeyOf,
  openAnchor,
  verifyLedger,
} from '../audit/index.ts';
import type { Settings } from '../settings/index.ts';
import { withLedger } from './open-ledger.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

interface VerifyOptions {
  readonly anchor?: string;
  readonly json: boolean;
}

/** `sdp-server audit verify|export|public-key`. */
export function auditCommand(load: Load): Command {
  const command = new Command('audit')
    .description('Check and export the ledger of the audit trail')
    .addHelpText('after', '\nExample:\n  $ sdp-server audit verify');
  command
    .command('verify')
    .description('Check every entry, the chain, the tree and all signed heads; exits with 6 if anything was changed')
    .option('--anchor <file>', 'file that heads were anchored in; the place of SDP_AUDIT_ANCHOR where left out')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server audit verify --json')
    .action((options: VerifyOptions) => verify(load(), options));
  command
    .command('export')
    .description('Write the whole trail with its proofs, for somebody who has only this file and the public key')
    .requiredOption('--output <file>', 'new file, or - for standard output')
    .addHelpText('after', '\nExample:\n  $ sdp-server audit export --output trail.ndjson')
    .action((options: { output: string }) => exportTrail(load(), options.output));
  command
    .command('public-key')
    .description('Print the public key that heads are checked with')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server audit public-key')
    .action((options: { json: boolean }) => publicKey(load(), options.json));
  return command;
}

async function verify(settings: Settings, { anchor, json }: VerifyOptions): Promise<void> {
  const report = await withLedger(settings, ({ pool, serverKey }) =>
    verifyLedger({
      pool,
      serverKey,
      anchor: anchor === undefined ? openAnchor(settings.audit.anchor) : fileAnchor(anchor),
    }),
  );
  if (json) printLine(JSON.stringify(toJson(report)));
  else print(report);
  if (report.found > 0) {
    const first = report.findings[0] as LedgerFinding;
    throw new IntegrityError('ledger-tampered', {
      message: `The audit ledger is not what was signed: ${placeOf(first)}: ${changeKinds[first.kind]}`,
    });
  }
}

function print(report: LedgerReport): void {
  const { entries, pending, heads, anchor, lastHead, found, findings } = report;
  printTable(
    ['ENTRIES', 'WAITING', 'SIGNED HEADS', 'ANCHORED HEADS', 'LAST HEAD', 'FOUND'],
    [[entries, pending, heads, anchor.heads, lastHead?.signedAt, found]],
  );
  printLine(`Anchor: ${anchor.place}`);
  if (found === 0) {
    printLine('Everything is as it was signed.');
    return;
  }
  printLine('');
  printTable(
    ['ENTRY', 'TABLE', 'ROW', 'WHAT', 'MEANING'],
    findings
      .slice(0, maxPrinted)
      .map((finding) => [
        ...[rangeOf(finding), finding.source, finding.sourceId],
        ...[finding.kind, changeKinds[finding.kind]],
      ]),
  );
  if (found > maxPrinted) printLine(`and ${(found - maxPrinted).toLocaleString('en-US')} more; --json lists 1,000`);
  printLine('');
  const counts = new Map<ChangeKind, number>();
  for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  printLine(`In all: ${[...counts].map(([kind, count]) => `${kind} ${count}`).join(', ')}`);
}

const maxPrinted = 20;

function rangeOf({ entry, until }: LedgerFinding): string | undefined {
  if (entry === undefined) return undefined;
  return until === undefined || until === entry + 1 ? `${entry}` : `${entry}–${until - 1}`;
}

function placeOf(finding: LedgerFinding): string {
  const range = rangeOf(finding);
  const row = finding.sourceId === undefined ? '' : ` (${finding.source} ${finding.sourceId})`;
  return range === undefined ? `no entry${row}` : `entry ${range}${row}`;
}

function toJson({ entries, pending, heads, anchor, lastHead, found, findings }: LedgerReport): object {
  return {
    ...{ intact: found === 0, entries, pending, heads, anchor, found },
    last_head: lastHead
      ? { size: lastHead.size, root: lastHead.root, chain: lastHead.chain, signed_at: lastHead.signedAt }
      : null,
    findings: findings.map(({ kind, entry, until, source, sourceId, otherId }) => ({
      ...{ kind, meaning: changeKinds[kind], entry, until, source, source_id: sourceId, other_id: otherId },
    })),
  };
}

async function exportTrail(settings: Settings, output: string): Promise<void> {
  await withLedger(settings, async ({ pool, serverKey }) => {
    const lines = Readable.from(exportLedger({ pool, key: ledgerKeyOf(serverKey) }));
    if (output === '-') {
      await pipeline(lines, process.stdout, { end: false });
      return;
    }
    const partial = `${output}.${process.pid}.partial`;
    try {
      await pipeline(lines, createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }));
      await rename(partial, output);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  });
}

async function publicKey(settings: Settings, json: boolean): Promise<void> {
  const key = await withLedger(settings, async ({ serverKey }) => ledgerKeyOf(serverKey));
  printLine(json ? JSON.stringify({ public_key: key.publicKeyText, key_id: key.keyId }) : key.publicKeyText);
}
