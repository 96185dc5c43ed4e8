/** The part of JSON Schema that `z.toJSONSchema` makes of contracts and that compatibility depends on. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/**
 * What of a newer version would refuse messages that the older one allows: a reader must be able to read all that still lies
 * in a topic. Sound for the keywords it knows; any other keyword that differs is reported, so that a change is never taken
 * for compatible by mistake.
 *
 * @returns places and reasons; empty if every old message is a new one too
 */
export function compatibilityFindings(older: JsonSchema, newer: JsonSchema, place = ''): string[] {
  if (isEqual(older, newer)) return [];
  const [olderAlternatives, newerAlternatives] = [alternativesOf(older), alternativesOf(newer)];
  if (olderAlternatives.length > 1 || newerAlternatives.length > 1) {
    const lost = olderAlternatives.filter((old) =>
      newerAlternatives.every((fresh) => compatibilityFindings(old, fresh, place).length > 0),
    );
    return lost.length === 0 ? [] : [`${at(place)}: an alternative is gone or narrower`];
  }
  return [
    ...typeFindings(older, newer, place),
    ...enumFindings(older, newer, place),
    ...boundFindings(older, newer, place),
    ...objectFindings(older, newer, place),
    ...arrayFindings(older, newer, place),
    ...otherFindings(older, newer, place),
  ];
}

const ignored = new Set(['$schema', '$id', 'title', 'description', 'default', 'examples', 'deprecated']);
const lower = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const upper = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const known = new Set([
  ...ignored,
  ...lower,
  ...upper,
  ...['type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'oneOf'],
]);

function typeFindings(older: JsonSchema, newer: JsonSchema, place: string): string[] {
  const allowed = listOf(newer['type']);
  if (allowed.length === 0) return [];
  const before = listOf(older['type']);
  const isWider = (type: unknown) => allowed.includes(type) || (type === 'integer' && allowed.includes('number'));
  return before.length > 0 && before.every(isWider) ? [] : [`${at(place)}: the type changed`];
}

function enumFindings(older: JsonSchema, newer: JsonSchema, place: string): string[] {
  const allowed = valuesOf(newer);
  if (allowed === undefined) return [];
  const before = valuesOf(older);
  const isKept = before?.every((value) => allowed.some((other) => isEqual(value, other)));
  return isKept ? [] : [`${at(place)}: a value that was allowed is not any more`];
}

function boundFindings(older: JsonSchema, newer: JsonSchema, place: string): string[] {
  const isTighter = (keywords: readonly string[], sign: 1 | -1) =>
    keywords.filter((keyword) => {
      const [before, after] = [older[keyword], newer[keyword]];
      return typeof after === 'number' && (typeof before !== 'number' || sign * (after - before) > 0);
    });
  return [...isTighter(lower, 1), ...isTighter(upper, -1)].map((keyword) => `${at(place)}: ${keyword} is tighter`);
}

function objectFindings(older: JsonSchema, newer: JsonSchema, place: string): string[] {
  const [before, after] = [propertiesOf(older), propertiesOf(newer)];
  const required = new Set(listOf(older['required']));
  const findings = listOf(newer['required'])
    .filter((name) => !required.has(name))
    .map((name) => `${at(`${place}.${name}`)}: is required now`);
  const others = newer['additionalProperties'];
  for (const [name, schema] of Object.entries(before)) {
    const fresh = after[name];
    if (fresh !== undefined) findings.push(...compatibilityFindings(schema, fresh, `${place}.${name}`));
    else if (others === false) findings.push(`${at(`${place}.${name}`)}: is refused now`);
    else if (isSchema(others)) findings.push(...compatibilityFindings(schema, others, `${place}.${name}`));
  }
  // A field that is new may have been among the others that were allowed.
  const othersBefore = older['additionalProperties'];
  if (othersBefore !== false) {
    const fresh = Object.entries(after).filter(([name]) => !Object.hasOwn(before, name));
    const former = isSchema(othersBefore) ? othersBefore : {};
    for (const [name, schema] of fresh) findings.push(...compatibilityFindings(former, schema, `${place}.${name}`));
  }
  return [...findings, ...additionalFindings(othersBefore, others, place)];
}

function additionalFindings(before: unknown, after: unknown, place: string): string[] {
  if (before === false || after === undefined || after === true || isEqual(before, after)) return [];
  if (isSchema(before) && isSchema(after)) return compatibilityFindings(before, after, `${place}.*`);
  return [`${at(`${place}.*`)}: other fields were allowed`];
}

function arrayFindings(older: JsonSchema, newer: JsonSchema, place: string): string[] {
  const [before, after] = [older['items'], newer['items']];
  if (!isSchema(after)) return [];
  return isSchema(before) ? compatibilityFindings(before, after, `${place}[]`) : [`${at(place)}: items are narrower`];
}

function otherFindings(older: JsonSchema, newer: JsonSchema, place: string): string[] {
  const keywords = new Set([...Object.keys(older), ...Object.keys(newer)]);
  return [...keywords]
    .filter(
      (keyword) => !known.has(keyword) && newer[keyword] !== undefined && !isEqual(older[keyword], newer[keyword]),
    )
    .map((keyword) => `${at(place)}: ${keyword} changed`);
}

function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const alternatives = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(alternatives) ? alternatives.filter(isSchema) : [schema];
}

function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema['const']];
  return Array.isArray(schema['enum']) ? schema['enum'] : undefined;
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const properties = schema['properties'];
  return isSchema(properties) ? (properties as Record<string, JsonSchema>) : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isSchema(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}

function at(place: string): string {
  return place === '' ? 'the payload' : place.replace(/^\./, '');
}
