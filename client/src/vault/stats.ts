/** State of a data key: one seals, the others only open. */
export type DataKeyState = 'active' | 'retired';

export interface NamespaceStats {
  readonly namespace: string;
  readonly entries: number;
  readonly blocks: number;
  readonly createdAt: string;
  readonly lastWrittenAt: string;
}

export interface DataKeyStats {
  readonly keyId: string;
  readonly state: DataKeyState;
  /** How often it has sealed a block, and how often it may. */
  readonly encryptions: number;
  readonly encryptionCap: number;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
}

/** What is in a vault, without a single value. Times are ISO 8601 in UTC, sizes in bytes. */
export interface VaultStats {
  readonly id: string;
  readonly schemaVersion: number;
  readonly createdAt: string;
  readonly entries: number;
  readonly blocks: number;
  /** Size of the file with its write-ahead log. */
  readonly fileBytes: number;
  readonly namespaces: readonly NamespaceStats[];
  readonly keys: readonly DataKeyStats[];
}
