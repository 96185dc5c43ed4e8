import { relative, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Terminal } from '../terminal/index.ts';

/** Environment variables that the commands read. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a command may touch of its process; built once in `main.ts`, replaced in tests. */
export interface CommandContext {
  readonly env: Environment;
  readonly terminal: Terminal;
  /** Aborts on SIGINT and SIGTERM; its reason is an `InterruptedError`. */
  readonly signal: AbortSignal;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Asks a person for a secret, without showing what is typed; missing where nobody can answer. */
  readonly prompt?: (question: string) => Promise<string>;
}

/** Stands for stdin or stdout where a file is named. */
export const stdioPath = '-';

/** A path as the user named it, made absolute. */
export function pathFrom(context: CommandContext, path: string): string {
  return resolve(context.cwd, path);
}

/** A path as people like to read it: relative if it lies in the current folder. */
export function pathForPeople(context: CommandContext, path: string): string {
  const near = relative(context.cwd, path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** Where the vault is: `--vault`, else SDP_VAULT, else `token_vault.db` in the current folder. */
export function vaultPathFrom(context: CommandContext, option: string | undefined): string {
  const { SDP_VAULT: fromEnvironment } = context.env;
  return pathFrom(context, option ?? (fromEnvironment || 'token_vault.db'));
}
