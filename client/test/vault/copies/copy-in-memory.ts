import type {
  VaultCopyEntry,
  VaultCopyErase,
  VaultCopyErasure,
  VaultCopyHead,
  VaultCopyId,
  VaultCopyNamespace,
  VaultCopyPush,
} from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import type { CopyServer } from '../../../src/vault/copies/index.ts';

/** Keeps what the server's tables keep, as the server does (see its own tests), in pages of `pageSize`. */
export class CopyInMemory implements CopyServer {
  readonly name: string = 'https://sdp.example.com';
  head: VaultCopyHead | null = null;
  readonly namespaces = new Map<string, VaultCopyNamespace>();
  readonly entriesById = new Map<string, VaultCopyEntry>();
  readonly erasuresById = new Map<string, VaultCopyErasure>();
  /** All that was ever sent. */
  readonly sent: string[] = [];
  readonly #pageSize: number;

  constructor(pageSize = 100) {
    this.#pageSize = pageSize;
  }

  async describe() {
    const namespaces = [...this.namespaces.values()];
    return { namespaces, entries: this.entriesById.size, erasures: this.erasuresById.size, head: this.head };
  }

  async lookup(ids: readonly VaultCopyId[]) {
    this.sent.push(JSON.stringify(ids));
    return ids.flatMap(({ namespace, erasure }, index) => {
      const stored = [...this.entriesById.values()].some(
        (entry) => entry.namespace === namespace && entry.erasure === erasure,
      );
      const erased_on = this.erasuresById.get(`${namespace}.${erasure}`)?.erased_on ?? null;
      return stored || erased_on !== null ? [{ index, stored, erased_on }] : [];
    });
  }

  async push({ namespaces, entries, head }: VaultCopyPush) {
    this.#advance(head);
    this.sent.push(JSON.stringify([namespaces, entries, head]));
    for (const each of namespaces) {
      if (!this.namespaces.has(each.namespace)) this.namespaces.set(each.namespace, each);
    }
    let stored = 0;
    let erased = 0;
    for (const entry of entries) {
      const id = `${entry.namespace}.${entry.token}`;
      if (this.erasuresById.has(`${entry.namespace}.${entry.erasure}`)) erased += 1;
      else if (!this.entriesById.has(id)) {
        this.entriesById.set(id, entry);
        stored += 1;
      }
    }
    return { stored, erased };
  }

  async erase({ erasures, head }: VaultCopyErase) {
    this.#advance(head);
    this.sent.push(JSON.stringify([erasures, head]));
    let removed = 0;
    for (const erasure of erasures) {
      this.erasuresById.set(`${erasure.namespace}.${erasure.erasure}`, erasure);
      for (const [id, entry] of this.entriesById) {
        if (entry.namespace !== erasure.namespace || entry.erasure !== erasure.erasure) continue;
        this.entriesById.delete(id);
        removed += 1;
      }
    }
    return removed;
  }

  async remove() {
    const removed = this.entriesById.size;
    for (const map of [this.namespaces, this.entriesById, this.erasuresById]) map.clear();
    this.head = null;
    return removed;
  }

  #advance(head: VaultCopyHead) {
    if (this.head !== null && this.head.sequence + 1 !== head.sequence) throw new RejectedError('vault-copy-changed');
    this.head = head;
  }

  async entries(cursor: string | undefined) {
    const { page, next } = this.#page([...this.entriesById], cursor);
    return { entries: page, next_cursor: next };
  }

  async erasures(cursor: string | undefined) {
    const { page, next } = this.#page([...this.erasuresById], cursor);
    return { erasures: page, next_cursor: next };
  }

  #page<T>(all: [string, T][], cursor: string | undefined): { page: T[]; next: string | null } {
    const rows = all.sort(([a], [b]) => (a < b ? -1 : 1)).filter(([id]) => cursor === undefined || id > cursor);
    const page = rows.slice(0, this.#pageSize);
    return { page: page.map(([, row]) => row), next: rows.length > page.length ? (page.at(-1)?.[0] ?? null) : null };
  }
}
