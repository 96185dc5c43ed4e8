import type { Method } from './methods.ts';

export interface MaskOptions {
  /** Leading characters (Unicode code points) to leave readable. */
  readonly keepFirst?: number;
  /** Trailing characters to leave readable; 4 where neither is given. */
  readonly keepLast?: number;
}

const maskCharacter = '*';

/**
 * Covers all characters but the first and last few, one `*` a character.
 *
 * Never more than half of a value is left readable: one shorter than twice what would be kept is covered whole. With
 * the default (last 4) that means a value shows its end from 8 characters on.
 *
 * @throws {RangeError} if an option isn't a whole number of at least 0
 */
export function maskMethod(options: MaskOptions = {}): Method {
  const keepFirst = options.keepFirst ?? 0;
  const keepLast = options.keepLast ?? (options.keepFirst === undefined ? 4 : 0);
  for (const count of [keepFirst, keepLast]) {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('A mask keeps a whole number of characters.');
  }
  const kept = keepFirst + keepLast;
  return (value) => {
    // Code points, so that no half of a surrogate pair is left over.
    const characters = Array.from(value);
    if (characters.length < 2 * kept) return maskCharacter.repeat(characters.length);
    return (
      characters.slice(0, keepFirst).join('') +
      maskCharacter.repeat(characters.length - kept) +
      characters.slice(characters.length - keepLast).join('')
    );
  };
}
