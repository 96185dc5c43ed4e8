import { UsageError } from '@sdp/shared/errors';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import type { ByteSink } from '../csv/index.ts';
import { AtomicFile, type AtomicFileOptions, DigestSink, outputStream } from '../files/index.ts';

/** Where a command's data goes: a file that appears when it is complete, or stdout. */
export class OutputTarget implements ByteSink {
  /** Absolute, or `-`. */
  readonly path: string;
  readonly #file: AtomicFile | undefined;
  readonly #sink: DigestSink;

  private constructor(path: string, file: AtomicFile | undefined, sink: DigestSink) {
    this.path = path;
    this.#file = file;
    this.#sink = sink;
  }

  static async open(context: CommandContext, path: string, options: AtomicFileOptions): Promise<OutputTarget> {
    if (path !== stdioPath) {
      const absolute = pathFrom(context, path);
      const file = await AtomicFile.create(absolute, options);
      return new OutputTarget(absolute, file, new DigestSink(file));
    }
    if (context.terminal.json) {
      throw new UsageError('usage-invalid', {
        message: 'With --output - there is no room on stdout for --json',
        remedy: 'Give --output a file, or leave out --json.',
      });
    }
    context.terminal.reserveStdout();
    return new OutputTarget(stdioPath, undefined, new DigestSink(outputStream(context.stdout)));
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#sink.write(chunk);
  }

  /** Size and SHA-256 of all that was written; callable once. */
  digest(): { readonly bytes: number; readonly sha256: string } {
    return this.#sink.digest();
  }

  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  async publish(): Promise<void> {
    await this.#file?.publish();
  }

  async discard(): Promise<void> {
    await this.#file?.discard();
  }
}
