/** Items behind a position. Their order is that of their numbers. */
export interface TailPage<T> {
  readonly items: readonly T[];
  /** Everything up to this one has been seen, whether it is among them or not. */
  readonly position: bigint;
  /** The highest number that was given and is no longer kept; 0 where there is none, or nothing is ever dropped. */
  readonly forgotten: bigint;
}

export interface StreamTailOptions<T> {
  /** Reads items behind one position, none behind the other. */
  readonly read: (after: bigint, upTo: bigint) => Promise<TailPage<T>>;
  /** Memory that an item takes. */
  readonly sizeOf: (item: T) => number;
  readonly maxBytes?: number;
}

/** The newest items of some clients, read once for all streams that show the same ones; whoever is further behind reads the table. */
export class StreamTail<T extends { readonly seq: bigint }> {
  readonly #options: StreamTailOptions<T>;
  #items: T[] = [];
  #bytes = 0;
  /** Every item after this one, up to the end, is in memory. */
  #start = 0n;
  #end: bigint | undefined;

  constructor(options: StreamTailOptions<T>) {
    this.#options = options;
  }

  /** Up to here items can be read; undefined before the first look. */
  get end(): bigint | undefined {
    return this.#end;
  }

  /** @returns whether there may be something new to read */
  async advance(upTo: bigint): Promise<boolean> {
    if (this.#end === undefined) {
      this.#start = upTo;
      this.#end = upTo;
      return true;
    }
    let isNew = false;
    while (this.#end < upTo) {
      const page = await this.#options.read(this.#end, upTo);
      const hasGap = page.forgotten > this.#end;
      this.#items.push(...page.items);
      for (const item of page.items) this.#bytes += this.#options.sizeOf(item);
      this.#end = page.position;
      isNew ||= hasGap || page.items.length > 0;
      // Whoever was before the gap is told of it by the table.
      if (hasGap) this.#clear();
      else this.#trim();
    }
    return isNew;
  }

  /** Items behind a position, as many as there are in memory or in a page. */
  async after(position: bigint): Promise<TailPage<T>> {
    if (this.#end === undefined || position >= this.#end) return { items: [], position, forgotten: 0n };
    if (position < this.#start) return this.#options.read(position, this.#end);
    const first = this.#items.findIndex(({ seq }) => seq > position);
    return { items: first < 0 ? [] : this.#items.slice(first), position: this.#end, forgotten: 0n };
  }

  #clear(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#start = this.#end ?? 0n;
  }

  #trim(): void {
    const { maxBytes = 256 * 1024, sizeOf } = this.#options;
    let dropped = 0;
    while (this.#bytes > maxBytes) {
      const item = this.#items[dropped++] as T;
      this.#bytes -= sizeOf(item);
      this.#start = item.seq;
    }
    this.#items.splice(0, dropped);
  }
}
