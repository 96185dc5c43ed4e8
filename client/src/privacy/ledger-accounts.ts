import { PrivacyAccount, type PrivacyAmount, type PrivacyBudget } from '@sdp/shared/anonymization/privacy';
import type { ChargeEntry, LedgerLine } from './ledger-line.ts';
import { readAmount } from './written-amount.ts';

/** What the ledger says of one data set. */
export interface DatasetAccount {
  readonly dataset: string;
  readonly account: PrivacyAccount;
  readonly charges: readonly (ChargeEntry & { readonly time: string })[];
}

/** The accounts of all data sets after all lines of a ledger, and which file belongs to which. */
export class LedgerAccounts {
  readonly #accounts = new Map<string, { account: PrivacyAccount; charges: (ChargeEntry & { time: string })[] }>();
  readonly #datasetOfFile = new Map<string, string>();

  constructor(lines: readonly LedgerLine[]) {
    for (const line of lines) {
      if (line.entry === 'budget') {
        this.#accounts.set(line.dataset, { account: new PrivacyAccount(readAmount(line.budget)), charges: [] });
      } else if (line.entry === 'charge') {
        const known = this.#accounts.get(line.dataset);
        if (known === undefined) throw new TypeError('An authenticated ledger charges data sets that have a budget.');
        known.account.chargeAmount(readAmount(line.amount));
        known.charges.push(line);
        this.#datasetOfFile.set(line.file, line.dataset);
      }
    }
  }

  get all(): readonly DatasetAccount[] {
    return [...this.#accounts].map(([dataset, known]) => ({ dataset, ...known }));
  }

  of(dataset: string): DatasetAccount | undefined {
    const known = this.#accounts.get(dataset);
    return known && { dataset, ...known };
  }

  /** The data set that a file was asked about under. */
  datasetOfFile(digest: string): string | undefined {
    return this.#datasetOfFile.get(digest);
  }
}

/** Whether two budgets are the same. */
export function isSameBudget(a: PrivacyBudget, b: PrivacyAmount): boolean {
  if (a.composition === 'zcdp') return b.composition === 'zcdp' && a.rho === b.rho;
  return b.composition === 'basic' && a.epsilon === b.epsilon && a.delta === b.delta;
}
