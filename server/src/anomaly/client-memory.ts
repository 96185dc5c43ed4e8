/**
 * A bounded memory of several clients. Who is full gives up what was unseen for longest, and the client that holds the
 * most gives it up: nobody can push out what was learned of others.
 */
export class ClientMemory<V> {
  readonly #limit: number;
  /** Of each client, the one unseen for longest first. */
  readonly #clients = new Map<string, Map<string, V>>();
  #size = 0;

  /** @param entries as {@link entries} gave them */
  constructor(limit: number, entries: Iterable<readonly [client: string, key: string, value: V]> = []) {
    this.#limit = limit;
    for (const [client, key, value] of entries) this.#put(client, key, value);
  }

  /** What is known, from now on the latest seen. */
  get(client: string, key: string): V | undefined {
    const known = this.#clients.get(client);
    const value = known?.get(key);
    if (known === undefined || value === undefined) return undefined;
    known.delete(key);
    known.set(key, value);
    return value;
  }

  /** Remembers something new. */
  add(client: string, key: string, value: V): void {
    while (this.#size >= this.#limit) this.#forget();
    this.#put(client, key, value);
  }

  *entries(): Generator<[client: string, key: string, value: V]> {
    for (const [client, known] of this.#clients) for (const [key, value] of known) yield [client, key, value];
  }

  #put(client: string, key: string, value: V): void {
    const known = this.#clients.get(client);
    if (known === undefined) this.#clients.set(client, new Map([[key, value]]));
    else known.set(key, value);
    this.#size += 1;
  }

  #forget(): void {
    let largest: readonly [string, Map<string, V>] | undefined;
    for (const client of this.#clients) if (largest === undefined || client[1].size > largest[1].size) largest = client;
    if (largest === undefined) return;
    const [client, known] = largest;
    for (const oldest of known.keys()) {
      known.delete(oldest);
      this.#size -= 1;
      break;
    }
    if (known.size === 0) this.#clients.delete(client);
  }
}
