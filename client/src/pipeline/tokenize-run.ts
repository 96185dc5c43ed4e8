import { InputError, UsageError } from '@sdp/shared/errors';
import type { CommandContext } from '../commands/context.ts';
import type { TableCheckpoints, TablePosition } from '../csv/index.ts';
import { sweepUnfinished, unfinishedFilesOf } from '../files/index.ts';
import type { TableInput } from '../tables/index.ts';
import type { ColumnTally } from './column-edits.ts';
import type { OutputTarget } from './output-target.ts';
import {
  assertFits,
  checkpointPathFor,
  inputIdentityOf,
  isBusy,
  type RunCheckpoint,
  type RunIdentity,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from './run-checkpoint.ts';

/** Bytes of output between two checkpoints, unless the user says otherwise. */
export const defaultCheckpointBytes = 64 * 1024 * 1024;

const tallyCounts = ['cells', 'tokenShaped', 'nulls', 'invalid'] as const;

/** The checkpoints of one run: the one it goes on from, if any, and those it leaves. */
export class ResumableRun {
  readonly #context: CommandContext;
  readonly #path: string;
  readonly #everyBytes: number;
  readonly #from: RunCheckpoint | undefined;
  /** Whether the checkpoint beside the output is this run's, or one that this run has taken over. */
  #owns: boolean;
  #inputIdentity = '';
  #kept = false;

  private constructor(context: CommandContext, path: string, everyBytes: number, from: RunCheckpoint | undefined) {
    this.#context = context;
    this.#path = path;
    this.#everyBytes = from?.every_bytes ?? everyBytes;
    this.#from = from;
    this.#owns = from !== undefined;
  }

  /**
   * @param resume whether to go on from the checkpoint that is there; else it is thrown away
   * @returns `undefined` where another run is at work on the same output, or checkpoints are turned off
   * @throws {InputError} `checkpoint-unfit`
   */
  static async open(
    context: CommandContext,
    outputPath: string,
    { resume, everyBytes }: { readonly resume: boolean; readonly everyBytes: number },
  ): Promise<ResumableRun | undefined> {
    const path = await checkpointPathFor(outputPath);
    const found = await readCheckpoint(path).catch((error: unknown) => {
      if (resume) throw error;
      return undefined;
    });
    const unfinished = (await unfinishedFilesOf(outputPath)).find(({ id }) => id === found?.output.id);
    // A run that goes on from a checkpoint takes the file over before it writes a checkpoint of its own.
    if (found !== undefined && (isBusy(found) || unfinished?.isAbandoned === false)) {
      if (!resume) return undefined;
      throw new InputError('checkpoint-unfit', {
        message: 'The run that writes this output is still at work',
        remedy: 'Wait for it, or stop it first.',
      });
    }
    // Without its file a checkpoint is of no use: the run was killed when all was done but to remove the checkpoint.
    const from = resume && unfinished !== undefined ? found : undefined;
    if (from === undefined) await removeCheckpoint(path);
    else await sweepUnfinished(path);
    return from === undefined && everyBytes === 0 ? undefined : new ResumableRun(context, path, everyBytes, from);
  }

  /** The unfinished file to go on with. */
  get unfinished(): { readonly id: string; readonly bytes: number } | undefined {
    return this.#from?.output;
  }

  get rowsBefore(): number {
    return this.#from?.position.rows ?? 0;
  }

  /** Looks at the input before it is read. */
  async look({ file, compression }: TableInput): Promise<void> {
    if (file.path !== undefined) this.#inputIdentity = await inputIdentityOf({ path: file.path, compression });
  }

  /**
   * Checks that the checkpoint belongs to this run, and brings its counts back.
   *
   * @returns what the rewriter needs, and the number of entries that the vault held before the first of the runs
   * @throws {InputError} `checkpoint-unfit`
   */
  begin(
    run: Omit<RunIdentity, 'input'>,
    target: OutputTarget,
    tallies: readonly ColumnTally[],
    entriesNow: number,
  ): { readonly checkpoints: TableCheckpoints; readonly entriesBefore: number } {
    const identity = { ...run, input: this.#inputIdentity };
    const from = this.#from;
    if (from !== undefined) {
      assertFits(from, identity);
      const { bytes, sha256 } = target.writtenSoFar();
      if (bytes !== from.output.bytes || sha256 !== from.output.sha256) {
        throw new InputError('checkpoint-unfit', {
          message: 'The unfinished output was changed since the run was stopped',
        });
      }
      for (const [at, tally] of tallies.entries()) {
        for (const name of tallyCounts) tally[name] += from.tallies[at]?.[name] ?? 0;
      }
      this.#context.terminal.info(`going on behind row ${from.position.rows}`);
    }
    const entriesBefore = from?.entries_before ?? entriesNow;
    const position = from?.position as TablePosition | undefined;
    return {
      entriesBefore,
      checkpoints: {
        everyBytes: this.#everyBytes,
        ...(position === undefined ? {} : { from: position }),
        reached: async (reached) => {
          const output = await target.settle();
          // What the bytes need to be reversed is on the disk before anything counts on them.
          await run.vault.flush();
          const counts = tallies.map((tally) => Object.fromEntries(tallyCounts.map((name) => [name, tally[name]])));
          const progress = { everyBytes: this.#everyBytes, output, position: reached, tallies: counts, entriesBefore };
          await writeCheckpoint(this.#path, identity, progress);
          this.#owns = true;
        },
      },
    };
  }

  /** Leaves checkpoint and unfinished output where a later run finds them. */
  async keep(target: OutputTarget): Promise<void> {
    if (!this.#owns) return;
    this.#kept = true;
    await target.keep();
  }

  /** Removes the checkpoint, unless it is kept. */
  async end(): Promise<void> {
    if (this.#owns && !this.#kept) await removeCheckpoint(this.#path);
  }
}

/**
 * @throws {UsageError} `usage-invalid` for what cannot be resumed
 */
export function assertResumable(
  table: TableInput,
  target: { readonly strict: boolean; readonly toFile: boolean },
): void {
  const why =
    table.file.path === undefined || !target.toFile
      ? 'from stdin or to stdout'
      : table.format !== 'csv' && table.format !== 'ndjson'
        ? `of a ${table.format} file`
        : target.strict
          ? 'with --strict, which needs the frequencies of all rows,'
          : undefined;
  if (why === undefined) return;
  throw new UsageError('usage-invalid', {
    message: `A run ${why} cannot be resumed`,
    remedy: 'Run it without --resume.',
  });
}
