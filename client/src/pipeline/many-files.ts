import { glob, mkdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { InputError, SdpError, UsageError } from '@sdp/shared/errors';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { formatByName } from '../tables/index.ts';

/** One of several inputs, and where its output goes. Absolute paths. */
export interface FilePair {
  readonly input: string;
  readonly output: string;
}

/**
 * The tables that a folder holds, at any depth, or that fit a pattern (`*`, `**`, `?`, `[…]`, `{…}`), in the order of
 * their names; `undefined` where `input` is a single file. Hidden files, manifests and receipts are passed over.
 *
 * @throws {InputError} `file-not-found` when nothing fits
 * @throws {UsageError} `usage-invalid` for an output that is no folder, or inputs that would have one output
 */
export async function filePairs(
  context: CommandContext,
  input: string,
  output: string,
): Promise<FilePair[] | undefined> {
  if (input === stdioPath) return undefined;
  const path = pathFrom(context, input);
  const stats = await stat(path).catch(() => undefined);
  const isPattern = stats === undefined && /[*?[{]/.test(input);
  if (!isPattern && !stats?.isDirectory()) return undefined;
  const root = isPattern ? rootOf(context, input) : path;
  const pattern = isPattern ? relative(root, pathFrom(context, input)) : '**/*';
  const names: string[] = [];
  for await (const name of glob(pattern, { cwd: root, exclude: (each) => each.startsWith('.') })) names.push(name);
  const target = await folderFor(context, output);
  if (resolve(root) === target) {
    throw new UsageError('usage-invalid', {
      message: 'The output is the folder of the input, whose files would be replaced',
      remedy: 'Name another folder with --output.',
    });
  }
  const pairs: FilePair[] = [];
  for (const name of names.toSorted()) {
    const from = join(root, name);
    const hidden = name.split(/[\\/]/).some((part) => part.startsWith('.'));
    const isOwn = /\.(manifest|receipt)\.json$/.test(name);
    // Of a folder only what is a table by its name; whoever writes a pattern means what fits it.
    if (hidden || isOwn || (!isPattern && formatByName(name) === undefined)) continue;
    if (from === target || from.startsWith(join(target, '/')) || !(await stat(from)).isFile()) continue;
    const to = formatByName(name) === 'xlsx' ? name.replace(/\.xlsx$/i, '.csv') : name;
    pairs.push({ input: from, output: join(target, to) });
  }
  if (pairs.length === 0) throw new InputError('file-not-found', { message: 'No file fits the input' });
  const outputs = new Set(pairs.map((pair) => pair.output));
  if (outputs.size < pairs.length) {
    throw new UsageError('usage-invalid', {
      message: 'Two of the inputs would have the same output',
      remedy: 'Rename one of them, or tokenize them one by one.',
    });
  }
  return pairs;
}

/** The folder that a pattern's files lie in: all of its parts before the first that isn't a plain name. */
function rootOf(context: CommandContext, pattern: string): string {
  const parts = pattern.split(/[\\/]/);
  const plain = parts.slice(
    0,
    parts.findIndex((part) => /[*?[{]/.test(part)),
  );
  return resolve(context.cwd, plain.join('/') || (pattern.startsWith('/') ? '/' : '.'));
}

async function folderFor(context: CommandContext, output: string): Promise<string> {
  const target = pathFrom(context, output);
  const stats = output === stdioPath ? undefined : await stat(target).catch(() => undefined);
  if (output === stdioPath || (stats !== undefined && !stats.isDirectory())) {
    throw new UsageError('usage-invalid', {
      message: 'Several inputs need a folder as their output',
      remedy: 'Name a folder with --output; it is made if it is not there.',
    });
  }
  return target;
}

/** What became of one of several files. */
export type FileOutcome<T> = FilePair &
  (
    | { readonly status: 'done'; readonly outcome: T }
    | { readonly status: 'already done' | 'not started' }
    | { readonly status: 'failed'; readonly error: SdpError }
  );

export interface WorkOptions {
  /** Whether a file needs no work. */
  readonly isDone: (pair: FilePair) => Promise<boolean>;
  /** Whether the files behind one that failed are worked on all the same. */
  readonly keepGoing: boolean;
  /** Whether the outputs' folders are made; they are where left out. */
  readonly makeFolders?: boolean;
}

/** Works on the files one after the other. Each is all or nothing for itself. */
export async function workOnFiles<T>(
  pairs: readonly FilePair[],
  work: (pair: FilePair) => Promise<T>,
  { isDone, keepGoing, makeFolders = true }: WorkOptions,
): Promise<FileOutcome<T>[]> {
  const outcomes: FileOutcome<T>[] = [];
  let stopped = false;
  for (const pair of pairs) {
    if (stopped) {
      outcomes.push({ ...pair, status: 'not started' });
      continue;
    }
    if (await isDone(pair)) {
      outcomes.push({ ...pair, status: 'already done' });
      continue;
    }
    try {
      if (makeFolders) await mkdir(dirname(pair.output), { recursive: true });
      outcomes.push({ ...pair, status: 'done', outcome: await work(pair) });
    } catch (error) {
      // A missing key, a missing reason or a full stop is no fault of the file.
      if (!(error instanceof SdpError) || error.kind === 'interrupted' || error.kind === 'config') throw error;
      if (error.code === 'reason-missing') throw error;
      outcomes.push({ ...pair, status: 'failed', error });
      stopped = !keepGoing;
    }
  }
  return outcomes;
}
