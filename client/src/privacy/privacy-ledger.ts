import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PrivacyAmount, PrivacyBudget, PrivacyCost } from '@sdp/shared/anonymization/privacy';
import { InputError, IntegrityError, SdpError, VaultError } from '@sdp/shared/errors';
import { type Operator, withLogLock } from '../audit/index.ts';
import { appendDurably } from '../files/index.ts';
import { isSameBudget, LedgerAccounts } from './ledger-accounts.ts';
import { readLedgerHead, writeLedgerHead } from './ledger-head.ts';
import { encodeLedgerLine, type LedgerEntry, type LedgerLine, openLedgerLine } from './ledger-line.ts';
import { writtenAmount } from './written-amount.ts';

const noLine = '0'.repeat(64);

export interface PrivacyLedgerOptions {
  /** In the folder of SDP's state: one for each vault, wherever the vault is copied or moved on this machine. */
  readonly ledgerPath: string;
  /** Beside the vault. */
  readonly headPath: string;
  readonly vaultId: string;
  readonly key: KeyObject;
  readonly operator: Operator;
  readonly now?: () => Date;
}

/** What is to be charged. */
export interface ChargeRequest {
  readonly dataset: string;
  readonly cost: PrivacyCost;
  readonly questions: readonly string[];
  /** Keyed digest of the table. */
  readonly file: string;
}

/**
 * The privacy ledger of one vault. Each change takes the ledger's lock, checks all lines and that they end where the head
 * says, and is on the disk, line and head, when it returns.
 */
export class PrivacyLedger {
  readonly #options: PrivacyLedgerOptions;

  constructor(options: PrivacyLedgerOptions) {
    this.#options = options;
  }

  /** @throws {IntegrityError} `privacy-ledger-tampered` */
  accounts(): LedgerAccounts {
    if (!existsSync(this.#options.ledgerPath)) return new LedgerAccounts(this.#readLines());
    return this.#locked(() => new LedgerAccounts(this.#readLines()));
  }

  /**
   * Gives a data set its budget; the same one again changes nothing.
   *
   * @throws {InputError} `privacy-dataset-conflict` for a data set that has another budget
   */
  declare(dataset: string, budget: PrivacyBudget): void {
    this.#locked(() => {
      const lines = this.#readLines();
      const known = new LedgerAccounts(lines).of(dataset);
      if (known !== undefined) {
        if (isSameBudget(known.account.budget, budget)) return;
        throw new InputError('privacy-dataset-conflict', {
          message: 'The data set has another budget already, and a budget is for good',
          remedy: 'See it with `sdp privacy budget`. What was answered under it cannot be taken back.',
        });
      }
      const { operator } = this.#options;
      this.#append(lines, { entry: 'budget', dataset, budget: writtenAmount(budget), operator });
    });
  }

  /**
   * Charges answers that are not drawn yet: call it before the noise is.
   *
   * @returns what was charged, and what is left
   * @throws {BudgetError} `privacy-budget-spent`
   * @throws {InputError} `privacy-dataset-unknown`, or `privacy-dataset-conflict` for a file of another data set
   */
  charge(request: ChargeRequest): { readonly charged: PrivacyAmount; readonly left: PrivacyAmount } {
    return this.#locked(() => {
      const lines = this.#readLines();
      const accounts = new LedgerAccounts(lines);
      const account = affordable(accounts, request);
      const { dataset, questions, file } = request;
      const charged = account.charge(request.cost);
      const { operator } = this.#options;
      this.#append(lines, { entry: 'charge', dataset, amount: writtenAmount(charged), questions, file, operator });
      return { charged, left: account.left };
    });
  }

  #locked<T>(work: () => T): T {
    const { ledgerPath } = this.#options;
    try {
      mkdirSync(dirname(ledgerPath), { recursive: true, mode: 0o700 });
      return withLogLock({ logPath: ledgerPath, mode: 0o600 }, work);
    } catch (error) {
      if (error instanceof SdpError || error instanceof TypeError || error instanceof RangeError) throw error;
      // The system's message repeats the path and nothing else; the code is enough to act on.
      const { code } = error as NodeJS.ErrnoException;
      throw new VaultError('privacy-ledger-unwritable', {
        message: `The privacy ledger cannot be written${code === undefined ? '' : ` (${code})`}, so nothing was answered`,
        details: { file: ledgerPath },
      });
    }
  }

  /** All lines, checked one by one and against the head. What a crash cut short was never acted on: it is removed. */
  #readLines(): readonly LedgerLine[] {
    const { ledgerPath, headPath, key, vaultId } = this.#options;
    const head = readLedgerHead(key, headPath);
    if (head === 'damaged') throw tampered('The head of the privacy ledger was changed', headPath);
    if (head !== undefined && head.vault !== vaultId) throw tampered('The head is of another vault', headPath);
    const bytes = existsSync(ledgerPath) ? readFileSync(ledgerPath) : Buffer.alloc(0);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end < bytes.length) truncateSync(ledgerPath, end);
    const lines: LedgerLine[] = [];
    for (const text of bytes.toString('utf8', 0, end).split('\n').slice(0, -1)) {
      const line = openLedgerLine(key, text);
      const last = lines.at(-1);
      const follows = line?.seq === (last?.seq ?? 0) + 1 && line.prev === (last?.mac ?? noLine);
      if (line === undefined || !follows) {
        throw tampered(
          `Line ${lines.length + 1} of the privacy ledger was changed, or one before it is missing`,
          ledgerPath,
        );
      }
      lines.push(line);
    }
    if (head !== undefined && lines[head.seq - 1]?.mac !== head.last) {
      throw tampered('The end of the privacy ledger is missing, or it is an older copy', ledgerPath);
    }
    return lines;
  }

  #append(lines: readonly LedgerLine[], entry: LedgerEntry): void {
    const { vaultId } = this.#options;
    const before = lines.at(-1) ?? this.#write(undefined, { entry: 'begin', vault: vaultId });
    this.#write(before, entry);
  }

  #write(before: LedgerLine | undefined, entry: LedgerEntry): LedgerLine {
    const { ledgerPath, headPath, key, vaultId, now = () => new Date() } = this.#options;
    const place = { seq: (before?.seq ?? 0) + 1, time: now().toISOString(), prev: before?.mac ?? noLine };
    const { text, ...line } = encodeLedgerLine(key, place, entry);
    appendDurably(ledgerPath, text, 0o600);
    writeLedgerHead(key, headPath, { vault: vaultId, seq: line.seq, last: line.mac });
    return line as LedgerLine;
  }
}

/** The account that can bear a cost. @throws as {@link PrivacyLedger.charge} */
function affordable(accounts: LedgerAccounts, { dataset, file }: ChargeRequest) {
  const found = accounts.of(dataset);
  if (found === undefined) throw new InputError('privacy-dataset-unknown');
  const other = accounts.datasetOfFile(file);
  if (other !== undefined && other !== dataset) {
    throw new InputError('privacy-dataset-conflict', {
      message: 'This file was asked about under another data set: one file has one budget',
    });
  }
  return found.account;
}

function tampered(message: string, file: string): IntegrityError {
  return new IntegrityError('privacy-ledger-tampered', { message, details: { file } });
}
