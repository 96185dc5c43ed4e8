/** What can be done to a column. */
export const configMethods = ['token', 'hash', 'redact', 'mask', 'keep', 'drop'] as const;
export type ConfigMethod = (typeof configMethods)[number];

/** How one column is treated. */
export interface ColumnConfig {
  readonly method: ConfigMethod;
  /** Of `token` and `hash`: columns that share it give equal tokens for equal values. */
  readonly namespace?: string;
  /** Of `mask`: characters left readable at the start and at the end. */
  readonly keepFirst?: number;
  readonly keepLast?: number;
}

/** What happens to columns that the configuration does not name. */
export const defaultTreatments = ['error', 'keep', 'drop'] as const;
export type DefaultTreatment = (typeof defaultTreatments)[number];

/** A `configs/*_tokenization.yml`. */
export interface TokenizationConfig {
  readonly sourceTable: string;
  readonly keyColumn?: string;
  readonly default: DefaultTreatment;
  readonly columns: ReadonlyMap<string, ColumnConfig>;
}
