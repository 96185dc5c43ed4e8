/** Tables whose rows are verified. */
export const sweptTables = [
  'processing_batch',
  'batch_root',
  'tokenized_record',
  'processed_result',
  'record_versions',
  'record_proposal',
  'record_index',
] as const;
export type SweptTable = (typeof sweptTables)[number];

export const changeKinds = ['edited', 'deleted', 'inserted', 'swapped'] as const;

/** A row that isn't as the server wrote it. */
export interface Finding {
  readonly table: SweptTable;
  readonly kind: (typeof changeKinds)[number];
  readonly batchId: string;
  /** Number of the record. */
  readonly row?: number | undefined;
  readonly version?: number | undefined;
  readonly proposalId?: string | undefined;
  /** Number of a column that can be searched. */
  readonly column?: number | undefined;
}

/** Called with the number of rows that were verified; holds the check up where it is too fast. */
export type Pace = (rows: number) => Promise<void> | undefined;
