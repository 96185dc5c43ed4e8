import { InputError } from '@sdp/shared/errors';
import { openInput } from '../../pipeline/open-input.ts';
import type { CommandContext } from '../context.ts';

/**
 * The lines of a file, or of stdin for `-`; without empty ones and without a byte order mark.
 *
 * @throws {InputError} `file-not-found`, `file-unreadable`, `csv-encoding` if it isn't UTF-8
 */
export async function readLines(context: CommandContext, path: string): Promise<string[]> {
  const { source } = await openInput(context, path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new InputError('csv-encoding', { message: 'The list is not valid UTF-8', remedy: 'Save it as UTF-8.' });
  }
  return text.split(/\r?\n/).filter((line) => line !== '');
}
