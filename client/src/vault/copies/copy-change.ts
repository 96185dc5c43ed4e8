import type { VaultCopyHead, VaultCopyNamespace } from '@sdp/shared/contracts';
import { SdpError } from '@sdp/shared/errors';
import type { VaultFile } from '../open-vault-file.ts';
import type { VaultState } from '../state.ts';
import { CopyContents } from './copy-contents.ts';
import { assertNotOlder, openHead, sealHead, seenCopy } from './copy-head.ts';
import type { CopyKeys } from './copy-keys.ts';
import type { CopyServer } from './copy-server.ts';

/** How often a change is tried against other machines that push at the same moment. */
const attempts = 20;

/** Changes the server's copy step by step; each step carries the head of what the copy consists of after it. */
export class CopyChange {
  readonly #file: VaultFile;
  readonly #copyKeys: CopyKeys;
  readonly #server: CopyServer;
  /** What the copy consists of as far as its heads say. */
  contents: CopyContents;
  /** The head that the server has. */
  head: VaultCopyHead | undefined;
  /** Digests of the namespaces that the copy has. */
  namespaces: ReadonlySet<string> = new Set();
  #firstSequence = 1;

  private constructor(file: VaultFile, copyKeys: CopyKeys, server: CopyServer) {
    this.#file = file;
    this.#copyKeys = copyKeys;
    this.#server = server;
    this.contents = new CopyContents(file.keys);
  }

  /**
   * Goes on with the copy that is there.
   *
   * @throws {VaultError} `vault-mismatch` for a copy that was sealed with other keys
   * @throws {IntegrityError} `vault-copy-incomplete`
   */
  static async continue(
    file: VaultFile,
    state: VaultState,
    copyKeys: CopyKeys,
    server: CopyServer,
  ): Promise<CopyChange> {
    const change = new CopyChange(file, copyKeys, server);
    const copy = await change.#refresh();
    assertNotOlder(copy, seenCopy(state, server));
    return change;
  }

  /** Begins a new copy in the place of what is there. Numbers go on, so that the former one can't be put back unnoticed. */
  static async fromScratch(
    file: VaultFile,
    state: VaultState,
    copyKeys: CopyKeys,
    server: CopyServer,
  ): Promise<{ readonly change: CopyChange; readonly removed: number }> {
    const change = new CopyChange(file, copyKeys, server);
    const { head } = await server.describe();
    change.#firstSequence = Math.max(head?.sequence ?? 0, seenCopy(state, server)?.sequence ?? 0) + 1;
    return { change, removed: await server.remove() };
  }

  /**
   * Takes one step: `prepare` looks at what the server has, changes `contents` accordingly, and returns how to send that,
   * or nothing where there is nothing to send. Done again when another machine was faster.
   *
   * @throws {RejectedError} `vault-copy-changed` if others were faster every time
   */
  async step(
    prepare: (contents: CopyContents) => Promise<((head: VaultCopyHead) => Promise<unknown>) | undefined>,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const contents = new CopyContents(this.#file.keys, this.contents.toText());
      const send = await prepare(contents);
      if (send === undefined) return;
      const sequence = this.head === undefined ? this.#firstSequence : this.head.sequence + 1;
      const head = sealHead(this.#copyKeys, sequence, contents);
      try {
        await send(head);
        this.contents = contents;
        this.head = head;
        return;
      } catch (error) {
        // Or the answer to this very step was lost, and sending it again met its own head.
        const raced = error instanceof SdpError && error.code === 'vault-copy-changed';
        if (!raced || attempt === attempts) throw error;
        await this.#refresh();
      }
    }
  }

  /** Adds namespaces that the copy has not; makes the copy if there is none. */
  async addNamespaces(namespaces: readonly VaultCopyNamespace[]): Promise<void> {
    await this.step(async () => {
      const fresh = namespaces.filter(({ namespace }) => !this.namespaces.has(namespace));
      if (fresh.length === 0 && this.head !== undefined) return undefined;
      return (head) => this.#server.push({ namespaces: fresh, entries: [], head });
    });
  }

  async #refresh() {
    const copy = await this.#server.describe();
    assertNotOlder(copy, undefined, this.head?.sequence);
    this.namespaces = new Set(copy.namespaces.map(({ namespace }) => namespace));
    this.head = copy.head ?? undefined;
    this.contents =
      copy.head === null ? new CopyContents(this.#file.keys) : openHead(this.#file.keys, this.#copyKeys, copy.head);
    return copy;
  }
}
