export { errorJson } from './format-error.ts';
export { formatCount, formatNumber } from './format-table.ts';
export { formatBytes } from './progress-line.ts';
export { promptSecret } from './prompt-secret.ts';
export { StreamTerminal, type TerminalStream } from './stream-terminal.ts';
export type { Progress, Table, TableCell, Terminal } from './terminal.ts';
