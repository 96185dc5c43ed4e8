import type {
  VaultCopy,
  VaultCopyEntries,
  VaultCopyEntry,
  VaultCopyErasure,
  VaultCopyErasures,
  VaultCopyNamespace,
  VaultCopyPushed,
} from '@sdp/shared/contracts';

/** The server's side of a copy, as `push` and `pull` need it. Repeating a call changes nothing more. */
export interface CopyServer {
  describe(): Promise<VaultCopy>;
  push(namespaces: readonly VaultCopyNamespace[], entries: readonly VaultCopyEntry[]): Promise<VaultCopyPushed>;
  /** @returns entries that went */
  erase(erasures: readonly VaultCopyErasure[]): Promise<number>;
  /** @returns entries that went */
  remove(): Promise<number>;
  entries(cursor: string | undefined): Promise<VaultCopyEntries>;
  erasures(cursor: string | undefined): Promise<VaultCopyErasures>;
}
