import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evidence, filesUnder } from './evidence.ts';

/** Keeps what programs put into a folder for temporary files, however soon they remove it. */
export class TemporaryFiles {
  readonly #folder: string;
  readonly #seen = new Map<string, Buffer>();
  readonly #timer: NodeJS.Timeout;

  constructor(folder: string) {
    this.#folder = folder;
    this.#timer = setInterval(() => this.#look(), 1);
  }

  /** What was seen, in its largest state, and what is there now. */
  *evidence(place: string): Generator<Evidence> {
    for (const [name, bytes] of this.#seen) yield { place, name, bytes };
    yield* filesUnder(place, this.#folder);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      for (const name of readdirSync(this.#folder, { recursive: true, encoding: 'utf8' })) {
        const bytes = this.#read(name);
        if (bytes && bytes.length > (this.#seen.get(name)?.length ?? 0)) this.#seen.set(name, bytes);
      }
    } catch {
      // A folder went while it was being listed.
    }
  }

  #read(name: string): Buffer | undefined {
    try {
      return readFileSync(join(this.#folder, name));
    } catch {
      return undefined;
    }
  }
}
