import type { Definition } from './definition.ts';

/** A layout made ready: where it is looked up, and the expression that decides. */
export interface Layout {
  readonly definition: Definition;
  readonly firm: boolean;
  /** Sticky, on text in which letters have any case. */
  readonly pattern: RegExp;
}

/** Layouts by the lengths of their groups and the separators between, and by whether letters can occur. */
export interface LayoutIndex {
  /** Keys of groups after which some layout goes on. */
  readonly beginnings: ReadonlySet<number>;
  readonly digitsOnly: ReadonlyMap<number, readonly Layout[]>;
  readonly mixed: ReadonlyMap<number, readonly Layout[]>;
}

/**
 * Extends the key of a sequence of groups by the separator (its code, 0 before the first) and the length of one more.
 * Keys may collide; the pattern decides.
 */
export function extendKey(key: number, separator: number, groupLength: number): number {
  return (Math.imul(Math.imul(key, 131) + separator, 33) + groupLength) | 0;
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

/** Every way of writing a template's separators out. */
function writtenOut(template: string): string[] {
  const uniform = template.includes('~') ? [' ', '.', '-'].map((mark) => template.replaceAll('~', mark)) : [template];
  return uniform.flatMap((form) =>
    form
      .split('=')
      .reduce<string[]>(
        (forms, part, index) =>
          index === 0 ? [part] : forms.flatMap((start) => [' ', '.', '-'].map((mark) => start + mark + part)),
        [],
      ),
  );
}

/** The keys after each group of a layout without placeholders for separators. */
function keysOf(written: string): number[] {
  let key = 0;
  return [...written.matchAll(/([^9AX]?)([9AX]+)/g)].map(([, separator = '', group = '']) => {
    key = extendKey(key, separator === '' ? 0 : separator.charCodeAt(0), group.length);
    return key;
  });
}

export function createLayoutIndex(definitions: readonly Definition[]): LayoutIndex {
  const digitsOnly = new Map<number, Layout[]>();
  const mixed = new Map<number, Layout[]>();
  const beginnings = new Set<number>();
  const add = (index: Map<number, Layout[]>, template: string, layout: Layout) => {
    for (const written of writtenOut(template)) {
      const keys = keysOf(written);
      for (const key of keys.slice(0, -1)) beginnings.add(key);
      const last = keys.at(-1) ?? 0;
      const there = index.get(last);
      if (there === undefined) index.set(last, [layout]);
      else if (!there.includes(layout)) there.push(layout);
    }
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
  return { beginnings, digitsOnly, mixed };
}
