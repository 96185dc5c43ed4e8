import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandContext, stdioPath } from '../commands/context.ts';
import type { ByteSink } from '../csv/index.ts';
import { AtomicFile, outputStream } from '../files/index.ts';
import { OutputTarget } from '../pipeline/index.ts';

/**
 * Where the merged file goes. Stdout cannot take anything back, so with `holdBack` its bytes wait in a file that only
 * this user can read until they are published.
 */
export class WholeOutput implements ByteSink {
  readonly path: string;
  readonly #sink: OutputTarget | AtomicFile;
  readonly #finish: () => Promise<void>;
  readonly #cleanUp: () => Promise<void>;

  private constructor(
    path: string,
    sink: OutputTarget | AtomicFile,
    finish: () => Promise<void>,
    cleanUp: () => Promise<void>,
  ) {
    this.path = path;
    this.#sink = sink;
    this.#finish = finish;
    this.#cleanUp = cleanUp;
  }

  static async open(
    context: CommandContext,
    path: string,
    { holdBack, mustNotBe }: { readonly holdBack: boolean; readonly mustNotBe: readonly (string | undefined)[] },
  ): Promise<WholeOutput> {
    if (path !== stdioPath || !holdBack) {
      const target = await OutputTarget.open(context, path, { mustNotBe });
      const nothing = async () => undefined;
      return new WholeOutput(target.path, target, nothing, nothing);
    }
    // Refuses what can't be combined with stdout, and reserves it.
    await OutputTarget.open(context, path, { mustNotBe });
    const folder = await mkdtemp(join(tmpdir(), 'sdp-output-'));
    const held = join(folder, 'merged.csv');
    const file = await AtomicFile.create(held, { mode: 0o600 });
    const finish = async () => {
      const stdout = outputStream(context.stdout);
      for await (const chunk of createReadStream(held)) await stdout.write(chunk as Buffer);
    };
    return new WholeOutput(path, file, finish, () => rm(folder, { recursive: true, force: true }));
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#sink.write(chunk);
  }

  async publish(): Promise<void> {
    await this.#sink.publish();
    await this.#finish();
  }

  /** Leaves nothing behind of what was not published. */
  async discard(): Promise<void> {
    await this.#sink.discard();
    await this.#cleanUp();
  }
}
