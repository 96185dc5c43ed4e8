import { UsageError } from '@sdp/shared/errors';
import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { CompressingSink, type Compression } from '../compression/index.ts';
import type { ByteSink } from '../csv/index.ts';
import { AtomicFile, type AtomicFileOptions, DigestSink, outputStream } from '../files/index.ts';

const standardOutputs = ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'];

export interface OutputTargetOptions extends AtomicFileOptions {
  /** How the data is compressed on its way; not at all where left out. */
  readonly compression?: Compression;
}

/** What has been written at a place from which a later run can go on. */
export interface WrittenSoFar {
  /** Of the unfinished file. */
  readonly id: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where a command's data goes: a file that appears when it is complete, or stdout. */
export class OutputTarget implements ByteSink {
  /** Absolute, or `-`. */
  readonly path: string;
  readonly #file: AtomicFile | undefined;
  readonly #digests: DigestSink;
  readonly #sink: CompressingSink;

  private constructor(path: string, file: AtomicFile | undefined, sink: ByteSink, compression: Compression) {
    this.path = path;
    this.#file = file;
    this.#digests = new DigestSink(sink);
    this.#sink = new CompressingSink(this.#digests, compression);
  }

  static async open(context: CommandContext, path: string, options: OutputTargetOptions): Promise<OutputTarget> {
    const { compression = 'none' } = options;
    if (standardOutputs.includes(path)) {
      throw new UsageError('usage-invalid', {
        message: 'Written to as a file, stdout would get the summary behind the data',
        remedy: 'Name stdout with --output -.',
      });
    }
    if (path !== stdioPath) {
      const absolute = pathFrom(context, path);
      const file = await AtomicFile.create(absolute, options);
      const target = new OutputTarget(absolute, file, file, compression);
      if (options.resume !== undefined) await target.#digests.takeIn(file.written());
      return target;
    }
    if (context.terminal.json) {
      throw new UsageError('usage-invalid', {
        message: 'With --output - there is no room on stdout for --json',
        remedy: 'Give --output a file, or leave out --json.',
      });
    }
    context.terminal.reserveStdout();
    return new OutputTarget(stdioPath, undefined, outputStream(context.stdout), compression);
  }

  write(chunk: Uint8Array): Promise<void> {
    return this.#sink.write(chunk);
  }

  /** Ends what is written. @returns size and SHA-256 of the file; callable once */
  async finish(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    await this.#sink.endFrame(true);
    return this.#digests.digest();
  }

  /** Whether what is written leaves at once, as with stdout, a pipe or a device: nothing of it can be taken back. */
  get isStream(): boolean {
    return this.#file?.id === undefined;
  }

  /** Whether an unfinished output can be left for a later run. */
  get canBeResumed(): boolean {
    return this.#file?.id !== undefined;
  }

  /** Size and SHA-256 of what has come to the file so far. */
  writtenSoFar(): WrittenSoFar {
    return { id: this.#file?.id ?? '', ...this.#digests.digestSoFar() };
  }

  /** Brings all that was written to the disk, so that a later run can go on behind it. */
  async settle(): Promise<WrittenSoFar> {
    await this.#sink.endFrame(false);
    await this.#file?.flush();
    return this.writtenSoFar();
  }

  /** Leaves the unfinished file for a later run. */
  async keep(): Promise<void> {
    await this.#file?.keep();
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
