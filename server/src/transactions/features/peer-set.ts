/** More than this nobody needs to tell apart. */
export const mostPeers = 2_048;
/** Twice as many, so that places are found at once. */
const places = 2 * mostPeers;
const mask = places - 1;

/**
 * Different identities, at most {@link mostPeers}, by open addressing in memory that is used again: clearing costs nothing,
 * and nothing is left to collect.
 */
export class PeerSet {
  readonly #peers = new Float64Array(places);
  /** Which round filled a place; those of earlier rounds are free. */
  readonly #rounds = new Uint32Array(places);
  #round = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
    this.#round = (this.#round + 1) >>> 0;
    if (this.#round > 0) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  add(peer: number): void {
    // The low bits of a hash are as good as any.
    let place = peer & mask;
    while (this.#rounds[place] === this.#round) {
      if (this.#peers[place] === peer) return;
      place = (place + 1) & mask;
    }
    if (this.#size === mostPeers) return;
    this.#rounds[place] = this.#round;
    this.#peers[place] = peer;
    this.#size += 1;
  }
}
