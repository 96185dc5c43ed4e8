import { createAnnouncements } from './announcements.ts';
import { type Definition, isProving } from './definition.ts';
import { definitions } from './definitions.ts';
import type { Evidence, IdentifierKind } from './kind.ts';
import { patternOf } from './layout.ts';
import { isMixedCase, verdictOn } from './layout-search.ts';
import { searchFor } from './search.ts';

const longestWritten = 2048;

/** Judges by the layouts at once, or by the search where a kind has none or the value fits none. */
function createJudge(definition: Definition): (value: string) => Evidence | undefined {
  const layouts = [...(definition.firm ?? []), ...(definition.bare ?? [])];
  const whole = layouts.length === 0 ? undefined : layouts.map((layout) => new RegExp(`^${patternOf(layout)}$`));
  const lengths = new Set(layouts.map((layout) => layout.length));
  const options = { kinds: [definition.kind], announced: [definition.kind] };
  return (value) => {
    const text = value.trim();
    if (text.length === 0 || text.length > longestWritten) return undefined;
    if (whole !== undefined && lengths.has(text.length) && !isMixedCase(text)) {
      if (whole.some((pattern) => pattern.test(text))) {
        const verdict = verdictOn(definition, text);
        return verdict && (verdict.proven ? 'proven' : 'shaped');
      }
    }
    if (whole !== undefined && !searchedKinds.has(definition.kind)) return undefined;
    const found = searchFor(options)(text).find(({ start, end }) => start <= 1 && end >= text.length - 1);
    if (found === undefined) return undefined;
    return found.proven ? 'proven' : 'shaped';
  };
}

/** What a definition says of a value that has one of these layouts, undefined where it has none or is refused. */
function createVerdict(definition: Definition, layouts: readonly string[] = []) {
  const lengths = new Set(layouts.map((layout) => layout.length));
  const whole = layouts.map((layout) => new RegExp(`^${patternOf(layout)}$`));
  return (value: string) =>
    lengths.has(value.length) && whole.some((pattern) => pattern.test(value)) && !isMixedCase(value)
      ? verdictOn(definition, value)
      : undefined;
}

function createPasses(definition: Definition): (value: string) => boolean {
  if (definition.checksum !== true) return () => false;
  const verdict = createVerdict(definition, [...(definition.firm ?? []), ...(definition.bare ?? [])]);
  return (value) => verdict(value)?.passed === true;
}

function createSpeaks(definition: Definition): (value: string) => boolean {
  const verdict = createVerdict(definition, definition.firm);
  return (value) => {
    const found = verdict(value);
    return found !== undefined && (found.passed || definition.peculiar === true);
  };
}

/** Kinds with layouts that searches of their own find too. */
const searchedKinds = new Set(['phone', 'date-of-birth']);

function kindOf(definition: Definition): IdentifierKind {
  const announcements = createAnnouncements([definition]);
  return {
    kind: definition.kind,
    label: definition.label,
    countries: definition.countries,
    checksum: definition.checksum ?? false,
    chance: definition.chance,
    distinct: isProving(definition) || definition.bare === undefined,
    source: definition.source,
    judge: createJudge(definition),
    passes: createPasses(definition),
    speaks: createSpeaks(definition),
    announcedBy: (words) => announcements(words).length > 0,
  };
}

/** Every kind that `findIdentifiers` knows. */
export const identifierKinds: readonly IdentifierKind[] = definitions.map(kindOf);

const byName = new Map(identifierKinds.map((kind) => [kind.kind, kind]));

/** The kind of this name, if there is one. */
export function identifierKind(name: string): IdentifierKind | undefined {
  return byName.get(name);
}
