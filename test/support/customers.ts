import type { Product } from './product.ts';

export interface Customers {
  readonly csv: string;
  /** A value that must not be printed anywhere. */
  readonly secret: string;
}

/** Small made-up customers with the features of the scoring model; `tag` makes the file's digest its own. */
export function customersCsv(rows: number, tag = 'x'): Customers {
  const lines = ['customer_id,full_name,email,AGE,LIMIT_BAL,PAY_0,PAY_2,BILL_AMT1'];
  for (let at = 1; at <= rows; at++) {
    const numbers = [20 + (at % 50), 10_000 + at, at % 3, 0, 500 + at];
    lines.push(`C${tag}${at},Name${tag} Nummer${at},kunde.${tag}.${at}@vornholt.example,${numbers.join(',')}`);
  }
  return { csv: `${lines.join('\n')}\n`, secret: `kunde.${tag}.1@vornholt.example` };
}

/** Writes `<name>.csv` and tokenizes it to `<name>.tok.csv`. */
export async function tokenizeCustomers(product: Product, name: string, rows: number): Promise<Customers> {
  const customers = customersCsv(rows, name.replace(/\W/g, ''));
  product.write(`${name}.csv`, customers.csv);
  await product.sdpOk(tokenizeArgs(`${name}.csv`, `${name}.tok.csv`));
  return customers;
}

export function tokenizeArgs(input: string, output: string): string[] {
  const columns = ['customer_id', 'full_name', 'email'].flatMap((column) => ['--column', column]);
  return ['tokenize-csv', '--input', input, '--output', output, '--source-table', 'customers', ...columns];
}

export function uploadArgs(product: Product, url: string, file: string, type = 'risk_scoring'): string[] {
  const what = ['upload-batch', '--file', file, '--client-id', product.clientId, '--processing-type', type];
  return [...what, '--server-url', url];
}

export function mergeArgs(url: string, batchId: string, raw: string, output: string): string[] {
  const what = ['integrate-results', '--batch-id', batchId, '--raw-input', raw, '--output', output];
  return [...what, '--key-column', 'customer_id', '--server-url', url];
}
