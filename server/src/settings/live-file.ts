import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '@sdp/shared/errors';
import { unreadable } from './read-yaml-file.ts';

/** Of a file. @returns undefined where it cannot be read */
export type ReadText = (path: string) => string | undefined;

export interface LiveFileOptions<T> {
  readonly path: string;
  /**
   * Makes of the file, and of those that it names, what is in force. Whatever is read by `read` is looked at for changes.
   *
   * @throws {ConfigError} where it isn't right
   */
  readonly load: (text: string, read: ReadText) => T;
  /** A change was taken up. */
  readonly onChange: (current: T) => void;
  /** A change isn't right: what is in force stays. Once for each. */
  readonly onBroken: (error: ConfigError) => Promise<void>;
  /** Between two looks at the file; 2 s where left out. */
  readonly everyMs?: number | undefined;
}

/** What is being written at this moment is read again after so long, until it stands still. */
const stillMs = 50;
const longestStillMs = 5_000;

/**
 * A configuration file that is in force. Looks at it again and again and takes up what has changed: by its bytes, as a file may be
 * replaced, mounted anew or written twice within a second. Of a file that isn't right, or isn't there, it takes nothing.
 */
export class LiveFile<T> {
  readonly #options: LiveFileOptions<T>;
  readonly #timer: NodeJS.Timeout;
  /** Digests of what was read last, by path: of files that weren't right too. */
  readonly #seen = new Map<string, string>();
  #current: T;
  #looking: Promise<void> | undefined;

  /** @throws {ConfigError} `config-unreadable`, `config-invalid`: whoever starts is to know */
  constructor(options: LiveFileOptions<T>) {
    this.#options = options;
    this.#current = this.#load();
    this.#timer = setInterval(() => void this.look(), options.everyMs ?? 2_000).unref();
  }

  get current(): T {
    return this.#current;
  }

  /** Looks at the file now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    if (!(await this.#isChanged())) return;
    const { onChange, onBroken } = this.#options;
    try {
      this.#current = this.#load();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      await onBroken(error);
      return;
    }
    onChange(this.#current);
  }

  #load(): T {
    const { path, load } = this.#options;
    this.#seen.clear();
    const read: ReadText = (name) => {
      let text: string | undefined;
      try {
        text = readFileSync(name, 'utf8');
      } catch {
        text = undefined;
      }
      this.#seen.set(name, digestOf(text));
      return text;
    };
    const text = read(path);
    if (text === undefined) throw unreadable(path);
    return load(text, read);
  }

  async #isChanged(): Promise<boolean> {
    const paths = [...this.#seen.keys()];
    let last = [...this.#seen.values()].join();
    for (const deadline = performance.now() + longestStillMs; ; await sleep(stillMs)) {
      const now = (await Promise.all(paths.map(digestOfFile))).join();
      if (now === last) return now !== [...this.#seen.values()].join();
      if (performance.now() > deadline) return true;
      last = now;
    }
  }
}

function digestOf(text: string | undefined): string {
  return text === undefined ? 'unreadable' : hash('sha256', text, 'hex');
}

async function digestOfFile(path: string): Promise<string> {
  return digestOf(await readFile(path, 'utf8').catch(() => undefined));
}
