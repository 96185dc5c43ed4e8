import type { Definition } from '../../../src/detection/identifiers/definition.ts';

/** Numbers of 0 to 1 that are the same on every run (mulberry32, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const digits = '0123456789';
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A value of a layout with random digits and letters; whether it passes any check is another question. */
export function fillLayout(layout: string, random: () => number): string {
  const pick = (from: string) => from[Math.floor(random() * from.length)] ?? '';
  return layout.replace(/[9AX~=]/g, (place) => {
    if (place === '9') return pick(digits);
    if (place === 'A') return pick(letters);
    return place === 'X' ? pick(digits + letters) : '-';
  });
}

/** Layouts of a definition, those first that speak for themselves. */
export const layoutsOf = ({ firm = [], bare = [] }: Definition): readonly string[] => [...firm, ...bare];

/** What a definition says of a written value. */
export function check(definition: Definition, written: string): boolean | 'shaped' {
  return definition.check?.(written.replace(/[^0-9A-Za-z]/g, '').toUpperCase(), written) ?? true;
}

/** Up to `count` values of a layout that pass, from at most `attempts` random ones. */
export function passingValues(
  definition: Definition,
  layout: string,
  count: number,
  attempts: number,
  random: () => number,
): string[] {
  const passing: string[] = [];
  for (let i = 0; i < attempts && passing.length < count; i += 1) {
    const value = fillLayout(layout, random);
    if (check(definition, value) === true) passing.push(value);
  }
  return passing;
}
