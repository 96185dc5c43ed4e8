/** A line on standard error that counts, where somebody looks at it. */
export function progressLine(what: string): { update(done: number, all: number): void; end(): void } {
  const isSeen = process.stderr.isTTY;
  let shownAt = 0;
  return {
    update: (done, all) => {
      const now = Date.now();
      if (!isSeen || (now - shownAt < 200 && done < all)) return;
      shownAt = now;
      process.stderr.write(`\r${done.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} ${what}`);
    },
    end: () => {
      if (isSeen && shownAt > 0) process.stderr.write('\n');
    },
  };
}
