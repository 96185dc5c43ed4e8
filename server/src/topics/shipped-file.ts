import { fileURLToPath } from 'node:url';

/** A file of `configs/` as SDP is shipped; the path holds from `src/` and from `dist/`. */
export function shippedFile(name: string): string {
  return fileURLToPath(new URL(`../../../configs/${name}`, import.meta.url));
}
