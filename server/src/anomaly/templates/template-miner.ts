import { wildcard } from './mask-line.ts';

export interface MinerLimits {
  /** Templates kept; the one unseen for longest goes first. */
  readonly templates: number;
  /** Different words that one place may show before it counts as a variable. */
  readonly variants: number;
}

/** Lines of one shape. */
export interface LogTemplate {
  /** Counts up from 1, never used again. */
  readonly id: number;
  /** Its words, wildcards and marks. */
  tokens: string[];
  lines: number;
  /** Number of the line that showed it last. */
  lastLine: number;
}

export interface Mined {
  readonly template: LogTemplate;
  /** Whether no template had this shape before. */
  readonly isNew: boolean;
  /** Templates that were found to be this one and are gone. */
  readonly absorbed: readonly LogTemplate[];
  /** The template that had to go for a new one. */
  readonly forgotten?: LogTemplate;
}

/** All that a {@link TemplateMiner} is. */
export interface MinerState {
  readonly nextId: number;
  readonly line: number;
  /** Leaf by leaf, in the order in which they came up. */
  readonly leaves: readonly (readonly LogTemplate[])[];
}

/** Leaf lists longer than this merge what is similar, so that a search stays short. */
const leafLimit = 128;
const cachedShapes = 1_024;
/** Different names with dots that one place may show before it counts as a variable: they rarely are kinds of messages. */
const nameVariants = 2;
const dottedName = /^[\w$-]*[a-z](?:\.[\w$-]+)+$/i;
const none: readonly LogTemplate[] = [];

/**
 * Online log template mining after Drain (He, Zhu, Zheng and Lyu, "Drain: An online log parsing approach with fixed
 * depth tree", ICWS 2017): a line is led by its number of tokens and its first token to a short list of templates and
 * compared with those. Unlike there, a word that differs makes a variable only once more than `variants` words stood
 * in that place, and templates set apart before are then joined: a few words ("started", "stopped") are kinds of
 * messages, many are names. Where words of several places change together, so many more are kinds.
 */
export class TemplateMiner {
  readonly #limits: MinerLimits;
  readonly #leaves = new Map<string, LogTemplate[]>();
  #count = 0;
  #nextId = 1;
  #line = 0;
  /** What a search would find again; emptied when any template changes. */
  readonly #found = new Map<string, LogTemplate>();

  constructor(limits: MinerLimits, state?: MinerState) {
    this.#limits = limits;
    if (state === undefined) return;
    this.#nextId = state.nextId;
    this.#line = state.line;
    for (const leaf of state.leaves) {
      const [first] = leaf;
      if (first === undefined) continue;
      this.#leaves.set(
        leafKey(first.tokens),
        leaf.map((template) => ({ ...template, tokens: [...template.tokens] })),
      );
      this.#count += leaf.length;
    }
  }

  get state(): MinerState {
    return { nextId: this.#nextId, line: this.#line, leaves: [...this.#leaves.values()] };
  }

  get templateCount(): number {
    return this.#count;
  }

  /** @param masked a line as `maskLine` leaves it */
  observe(masked: string): Mined {
    this.#line += 1;
    const known = this.#found.get(masked);
    if (known !== undefined) return this.#seen(known, none);
    const tokens = masked.split(' ');
    const key = leafKey(tokens);
    const leaf = this.#leaves.get(key) ?? [];
    const fitting = bestFit(leaf, tokens);
    if (fitting !== undefined) {
      if (this.#found.size >= cachedShapes) this.#found.clear();
      this.#found.set(masked, fitting);
      return this.#seen(fitting, none);
    }
    this.#found.clear();
    const family = familyOf(leaf, tokens, this.#limits.variants);
    if (family !== undefined) return this.#join(leaf, family, tokens);
    const forgotten = this.#count >= this.#limits.templates ? this.#forgetOldest() : undefined;
    const template: LogTemplate = { id: this.#nextId, tokens, lines: 1, lastLine: this.#line };
    this.#nextId += 1;
    this.#count += 1;
    // Read again: forgetting may have taken the leaf.
    const present = this.#leaves.get(key);
    if (present === undefined) this.#leaves.set(key, [template]);
    else present.push(template);
    return { template, isNew: true, absorbed: none, ...(forgotten !== undefined && { forgotten }) };
  }

  templates(): LogTemplate[] {
    return [...this.#leaves.values()].flat();
  }

  #seen(template: LogTemplate, absorbed: readonly LogTemplate[]): Mined {
    template.lines += 1;
    template.lastLine = this.#line;
    return { template, isNew: false, absorbed };
  }

  #join(leaf: LogTemplate[], family: readonly LogTemplate[], tokens: readonly string[]): Mined {
    const [first, ...others] = family as [LogTemplate, ...LogTemplate[]];
    first.tokens = first.tokens.map((token, place) =>
      token === tokens[place] && others.every((other) => other.tokens[place] === token) ? token : wildcard,
    );
    for (const other of others) {
      first.lines += other.lines;
      leaf.splice(leaf.indexOf(other), 1);
    }
    this.#count -= others.length;
    return this.#seen(first, others);
  }

  #forgetOldest(): LogTemplate | undefined {
    let oldest: LogTemplate | undefined;
    for (const leaf of this.#leaves.values()) {
      for (const template of leaf) if (oldest === undefined || template.lastLine < oldest.lastLine) oldest = template;
    }
    if (oldest === undefined) return undefined;
    const key = leafKey(oldest.tokens);
    const left = (this.#leaves.get(key) as LogTemplate[]).filter((template) => template !== oldest);
    if (left.length === 0) this.#leaves.delete(key);
    else this.#leaves.set(key, left);
    this.#count -= 1;
    return oldest;
  }
}

/** Lines of one leaf are equally long and begin alike. */
function leafKey(tokens: readonly string[]): string {
  return `${tokens.length} ${tokens[0]}`;
}

/** The template that the line fits without a change, and with the most words in common. */
function bestFit(leaf: readonly LogTemplate[], tokens: readonly string[]): LogTemplate | undefined {
  let best: LogTemplate | undefined;
  let bestEqual = -1;
  for (const template of leaf) {
    const equal = fit(template.tokens, tokens);
    if (equal > bestEqual) {
      best = template;
      bestEqual = equal;
    }
  }
  return best;
}

/** Tokens in common, −1 when one differs that isn't a wildcard. */
function fit(pattern: readonly string[], tokens: readonly string[]): number {
  let equal = 0;
  for (let place = 0; place < pattern.length; place += 1) {
    const expected = pattern[place];
    if (expected === tokens[place]) equal += 1;
    else if (expected !== wildcard) return -1;
  }
  return equal;
}

/** Templates that differ from a line in the same places. */
interface Family {
  readonly places: number;
  /** Whether all that stands there are dotted names. */
  areNames: boolean;
  readonly members: LogTemplate[];
}

/** The templates that are one with the line, or undefined when the line is a shape of its own. */
function familyOf(
  leaf: readonly LogTemplate[],
  tokens: readonly string[],
  variants: number,
): readonly LogTemplate[] | undefined {
  const families = new Map<string, Family>();
  let nearest: LogTemplate | undefined;
  let nearestDifferences = Number.POSITIVE_INFINITY;
  for (const template of leaf) {
    const difference = differenceOf(template.tokens, tokens);
    if (difference === undefined) continue;
    const { words, places, areNames } = difference;
    // Where the line has a variable, the template's word was one too.
    if (places === 0) return [template];
    if (difference.count < nearestDifferences) {
      nearest = template;
      nearestDifferences = difference.count;
    }
    const family = families.get(words);
    if (family === undefined) families.set(words, { places, areNames, members: [template] });
    else {
      family.members.push(template);
      family.areNames &&= areNames;
    }
  }
  let largest: readonly LogTemplate[] = none;
  for (const { places, areNames, members } of families.values()) {
    // Words that change together, in two places, may be twice as many kinds.
    const kinds = places * (areNames ? Math.min(nameVariants, variants) : variants);
    if (members.length >= kinds && members.length > largest.length) largest = members;
  }
  if (largest.length > 0) return largest;
  return leaf.length >= leafLimit && nearest !== undefined ? [nearest] : undefined;
}

interface Difference {
  /** The places that hold different words. */
  readonly words: string;
  readonly places: number;
  /** Whether all of these words are dotted names. */
  readonly areNames: boolean;
  /** Half for a place where the line has a variable and the template none. */
  readonly count: number;
}

/** Which places hold different words; undefined when too few words are the same. */
function differenceOf(pattern: readonly string[], tokens: readonly string[]): Difference | undefined {
  let words = '';
  let places = 0;
  let areNames = true;
  let count = 0;
  let equal = 0;
  let isNarrower = false;
  for (let place = 0; place < pattern.length; place += 1) {
    const expected = pattern[place] as string;
    const token = tokens[place] as string;
    if (expected === token) {
      if (isWord(token)) equal += 1;
    } else if (expected === wildcard) isNarrower = true;
    else if (token === wildcard) count += 0.5;
    else {
      if (!isWord(expected) || !isWord(token)) return undefined;
      words += `${place} `;
      places += 1;
      areNames &&= isDottedName(expected) && isDottedName(token);
      count += 1;
      if (count > equal + pattern.length - place - 1) return undefined;
    }
  }
  // A line that is wider in one place and narrower in another is another kind.
  if (places === 0 && isNarrower) return undefined;
  return equal > 0 && equal >= count ? { words, places, areNames, count } : undefined;
}

/** Whether a token is neither a wildcard nor a mark. */
function isWord(token: string): boolean {
  if (token === wildcard) return false;
  const code = (token.codePointAt(0) as number) | 0x20;
  return (code >= 0x61 && code <= 0x7a) || code > 127 || /[a-z]/iu.test(token);
}

/** `android.intent.action.TIME_TICK`; not an exception, which says what happened. */
function isDottedName(token: string): boolean {
  return dottedName.test(token) && !token.endsWith('Exception') && !token.endsWith('Error');
}
