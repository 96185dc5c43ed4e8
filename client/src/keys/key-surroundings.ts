/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What finding the master key may use of its process. A `CommandContext` is one. */
export interface KeySurroundings {
  readonly env: Environment;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly signal?: AbortSignal;
  /** Asks a person for a secret, without showing what is typed; missing where nobody can answer. */
  readonly prompt?: (question: string) => Promise<string>;
}

/** Whether the environment names a master key at all. */
export function isKeyNamed(env: Environment): boolean {
  return Boolean(env['SDP_CRYPTO_KEY'] || env['SDP_CRYPTO_KEY_FILE']);
}
