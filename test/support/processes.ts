import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessImage {
  readonly pid: number;
  readonly argv: Buffer;
  readonly environ: Buffer;
}

/** Whether the kernel shows processes as Linux does. */
export const canListProcesses = process.platform === 'linux';

/** Processes that name `folder` in their command line or environment, our own left out. */
export function processesNaming(folder: string): ProcessImage[] {
  const found: ProcessImage[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const image = imageOf(Number(name));
    if (image && (image.argv.includes(folder) || image.environ.includes(folder))) found.push(image);
  }
  return found;
}

/** Undefined where the process has ended; a zombie has no command line and counts as ended. */
export function imageOf(pid: number): ProcessImage | undefined {
  const read = (file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`);
    } catch {
      return Buffer.alloc(0);
    }
  };
  const argv = read('cmdline');
  return argv.length === 0 ? undefined : { pid, argv, environ: read('environ') };
}
