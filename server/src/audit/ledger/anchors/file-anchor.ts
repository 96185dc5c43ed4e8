import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type SignedHead, signedHeadSchema } from '../signed-head.ts';
import type { AnchoredHeads, HeadAnchor } from './head-anchor.ts';

/** A file that only grows: one head a line, as JSON. */
export function fileAnchor(path: string): HeadAnchor {
  const readAll = async (): Promise<AnchoredHeads> => {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { heads: [], unreadable: 0 };
      throw error;
    }
    const lines = text.split('\n');
    // What follows the last line break is a line that a crash has cut off, or nothing.
    lines.pop();
    const heads = lines.filter((line) => line !== '').map(parseHead);
    const readable = heads.filter((head) => head !== undefined);
    return { heads: readable, unreadable: heads.length - readable.length };
  };
  return {
    place: path,
    async append(head) {
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, 'a+', 0o600);
      try {
        const { size } = await file.stat();
        const end = Buffer.alloc(1);
        if (size > 0) await file.read(end, 0, 1, size - 1);
        // A crash may have cut the last line off.
        const separator = size > 0 && end[0] !== lineBreak ? '\n' : '';
        await file.appendFile(`${separator}${JSON.stringify(head)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    last: async () => (await readAll()).heads.at(-1),
    readAll,
  };
}

const lineBreak = 10;

function parseHead(line: string): SignedHead | undefined {
  try {
    return signedHeadSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
