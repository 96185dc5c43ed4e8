export { fileSource } from './file-source.ts';
export type { InputRow, InputRows } from './input-row.ts';
export { readCells } from './read-cells.ts';
export { readEvents } from './read-document.ts';
export { readNdjson } from './read-lines.ts';
