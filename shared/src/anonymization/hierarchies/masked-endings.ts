import type { EncodedColumn } from '../encoded-column.ts';
import { type Generalization, stackLevels } from './generalization.ts';

/** Characters that may be masked one by one; longer values are masked in larger steps. */
const mostLevels = 12;

/**
 * Masks values from their end, a character a level: `12345`, `1234*`, `123**`. Meant for postal codes and other codes
 * whose beginning says more than their end. The loss of a group is (its values − 1) / (all values − 1).
 */
export function maskedEndings(column: EncodedColumn): Generalization {
  const characters = column.texts.map((text) => [...text]);
  const longest = characters.reduce((most, { length }) => Math.max(most, length), 0);
  const step = Math.ceil(longest / mostLevels);
  const distinct = column.texts.length - 1;
  const levels = Math.max(0, Math.ceil(longest / Math.max(1, step)) - 1);
  const labels = Array.from({ length: levels }, (_, level) =>
    characters.map((each) => {
      const hidden = Math.min(each.length, (level + 1) * step);
      return each.slice(0, each.length - hidden).join('') + '*'.repeat(hidden);
    }),
  );
  return stackLevels(column, labels, (_, codes) => (distinct > 1 ? (codes.length - 1) / (distinct - 1) : 0));
}
