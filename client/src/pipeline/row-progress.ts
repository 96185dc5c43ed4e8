import type { CsvProgress } from '../csv/index.ts';
import type { InputFile } from '../files/index.ts';
import type { Terminal } from '../terminal/index.ts';

/** Shows rows and, where the input's size is known, the share that is done. */
export function rowProgress(terminal: Terminal, label: string, { sizeBytes }: InputFile) {
  const progress = terminal.progress(label, { unit: 'rows' });
  return {
    update({ rows, inputBytes }: CsvProgress): void {
      // The rows to come are estimated from the bytes to come.
      const total =
        sizeBytes === undefined || inputBytes === 0 ? undefined : Math.round((rows * sizeBytes) / inputBytes);
      progress.update(rows, total);
    },
    stop: () => progress.stop(),
  };
}
