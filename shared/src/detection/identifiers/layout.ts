import type { Definition } from './definition.ts';

/** A layout made ready: where it is looked up, and the expression that decides. */
export interface Layout {
  readonly definition: Definition;
  readonly firm: boolean;
  /** Sticky, on text in which letters have any case. */
  readonly pattern: RegExp;
}

/** Layouts by the lengths of their groups of letters and digits, and by whether letters can occur. */
export interface LayoutIndex {
  readonly digitsOnly: ReadonlyMap<number, readonly Layout[]>;
  readonly mixed: ReadonlyMap<number, readonly Layout[]>;
}

/** Extends the key of a sequence of groups by one more group. Keys may collide; the pattern decides. */
export function extendKey(key: number, groupLength: number): number {
  return (Math.imul(key, 33) + groupLength) | 0;
}

const classes: Readonly<Record<string, string>> = {
  '9': '[0-9]',
  A: '[A-Za-z]',
  X: '[0-9A-Za-z]',
  '=': '[ .-]',
};

/** Source of the expression for a template of {@link Definition}. */
export function patternOf(template: string): string {
  let separators = 0;
  return template.replace(/(.)\1*/g, (run, character: string) => {
    if (character === '~') {
      separators += 1;
      return separators === 1 ? '([ .-])' : '\\1';
    }
    const single = classes[character] ?? (character === ' ' ? ' ' : `\\${character}`);
    return run.length === 1 ? single : `${single}{${run.length}}`;
  });
}

function keyOf(template: string): number {
  return template
    .split(/[^9AX]/)
    .map((group) => group.length)
    .reduce(extendKey, 0);
}

export function createLayoutIndex(definitions: readonly Definition[]): LayoutIndex {
  const digitsOnly = new Map<number, Layout[]>();
  const mixed = new Map<number, Layout[]>();
  const add = (index: Map<number, Layout[]>, template: string, layout: Layout) => {
    const key = keyOf(template);
    const there = index.get(key);
    if (there === undefined) index.set(key, [layout]);
    else there.push(layout);
  };
  for (const definition of definitions) {
    for (const firm of [true, false]) {
      for (const template of (firm ? definition.firm : definition.bare) ?? []) {
        const layout = { definition, firm, pattern: new RegExp(patternOf(template), 'y') };
        if (!template.includes('A')) add(digitsOnly, template, layout);
        if (/[AX]/.test(template)) add(mixed, template, layout);
      }
    }
  }
  return { digitsOnly, mixed };
}
