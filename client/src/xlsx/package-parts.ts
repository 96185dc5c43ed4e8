import { posix } from 'node:path';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

/** The parts of an Office file: a zip archive whose members refer to each other (ECMA-376, part 2). */
export class PackageParts {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws {Error} of the library for what is no archive */
  static async open(path: string): Promise<PackageParts> {
    const zip = await openPromise(path, { autoClose: false });
    try {
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        const name = keyOf(entry.fileName);
        // Readers would disagree on which of the two counts.
        if (entries.has(name)) throw new Error('a part is there twice');
        entries.set(name, entry);
      }
      return new PackageParts(zip, entries);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  /** What is unpacked of a part, as it comes; nothing where it isn't there. What unpacks to more than it says fails. */
  async *bytesOf(name: string): AsyncGenerator<Uint8Array> {
    const entry = this.#entries.get(keyOf(name));
    if (entry === undefined) return;
    for await (const chunk of await this.#zip.openReadStreamPromise(entry)) yield chunk as Uint8Array;
  }

  close(): void {
    this.#zip.close();
  }
}

/** Where a part's relations to others stand. */
export function relationsOf(part: string): string {
  return posix.join(posix.dirname(part), '_rels', `${posix.basename(part)}.rels`);
}

/** A target as a relation of a part names it, from the root. */
export function targetOf(part: string, target: string): string {
  return target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(part), target);
}

/** Names are compared without regard to case. */
function keyOf(name: string): string {
  return name.replaceAll('\\', '/').toLowerCase();
}
