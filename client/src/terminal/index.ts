export type { Progress, Table, TableCell, Terminal } from './terminal.ts';
