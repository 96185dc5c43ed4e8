import { createHash } from 'node:crypto';
import type { Principal } from '../../identity/principal.ts';

const maxKnown = 10_000;

interface Known {
  readonly principal: Principal;
  /** When the look-up began. */
  readonly atMs: number;
}

/** Keys that were found good, by their digest. What isn't good is looked up each time. */
export class KnownKeys {
  readonly #lookUp: (text: string) => Promise<Principal | undefined>;
  readonly #known = new Map<string, Known>();
  /** Look-ups that began before keys changed are not remembered. */
  #generation = 0;

  constructor(lookUp: (text: string) => Promise<Principal | undefined>) {
    this.#lookUp = lookUp;
  }

  /** @param maxAgeMs of the answer */
  async authenticate(text: string, maxAgeMs = 0): Promise<Principal | undefined> {
    const digest = createHash('sha256').update(text).digest('base64url');
    const atMs = performance.now();
    const known = this.#known.get(digest);
    if (known !== undefined && atMs - known.atMs < maxAgeMs) return known.principal;
    const generation = this.#generation;
    const principal = await this.#lookUp(text);
    this.#known.delete(digest);
    if (principal !== undefined && generation === this.#generation) this.#known.set(digest, { principal, atMs });
    if (this.#known.size > maxKnown) this.#dropOldest();
    return principal;
  }

  /** Call it when keys have changed. */
  forget(): void {
    this.#generation++;
    this.#known.clear();
  }

  #dropOldest(): void {
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
