/** What a long piece of work on a vault reports to, and stops for between two commits. */
export interface MaintenanceRun {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}
