/** An object as a listing shows it. */
export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
}

/** Where a backup lies: a directory, or a bucket. Names have `/` between their parts. */
export interface BackupStore {
  /** For people, and for telling one backup from another: a path, or `s3://bucket/prefix`. */
  readonly place: string;
  /**
   * Writes over what is there. Resolves once the object is safe: the store has said that it holds these very bytes, or file and
   * folder are on the disk.
   *
   * @param sha256 of the bytes
   * @throws {UnavailableError} `backup-unavailable`
   */
  put(name: string, bytes: Buffer, sha256: Buffer, signal?: AbortSignal): Promise<void>;
  /** @returns undefined where there is none. @throws {UnavailableError} `backup-unavailable` */
  get(name: string): Promise<Buffer | undefined>;
  /** Names that begin so, in their order. @throws {UnavailableError} `backup-unavailable` */
  list(beginning: string): AsyncIterable<StoredObject>;
  /** Resolves if objects can be listed. @throws {UnavailableError} `backup-unavailable` */
  check(): Promise<void>;
  close(): Promise<void>;
}
