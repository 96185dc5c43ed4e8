import type {
  VaultCopy,
  VaultCopyEntries,
  VaultCopyErase,
  VaultCopyErasures,
  VaultCopyId,
  VaultCopyKnown,
  VaultCopyPush,
  VaultCopyPushed,
} from '@sdp/shared/contracts';

/** The server's side of a copy, as `push` and `pull` need it. Repeating a call changes nothing more. */
export interface CopyServer {
  /** Its address: states of copies that were seen are remembered by it. */
  readonly name: string;
  describe(): Promise<VaultCopy>;
  /** What it has under these ids. */
  lookup(ids: readonly VaultCopyId[]): Promise<VaultCopyKnown['known']>;
  /** @throws {RejectedError} `vault-copy-changed` unless the head is the next one; so does {@link erase} */
  push(push: VaultCopyPush): Promise<VaultCopyPushed>;
  /** @returns entries that went */
  erase(erase: VaultCopyErase): Promise<number>;
  /** @returns entries that went */
  remove(): Promise<number>;
  entries(cursor: string | undefined): Promise<VaultCopyEntries>;
  erasures(cursor: string | undefined): Promise<VaultCopyErasures>;
}
