interface Field {
  readonly members: Map<string, Field>;
  column: number;
}

/** Lays values out as the nested object that dotted paths speak of; a dot or backslash in a name stands behind a backslash. */
export function fieldTreeText(paths: readonly string[]): (values: readonly string[]) => string {
  const root: Field = { members: new Map(), column: -1 };
  for (const [column, path] of paths.entries()) {
    let field = root;
    for (const name of namesOf(path)) {
      const known = field.members.get(name) ?? { members: new Map(), column: -1 };
      field.members.set(name, known);
      field = known;
    }
    field.column = column;
  }
  return (values) => textOf(root, values);
}

function textOf({ members, column }: Field, values: readonly string[]): string {
  const own = values[column];
  // A field that is now a value, now an object: the value, if there is one.
  if (members.size === 0 || (own !== undefined && own !== 'null')) return own ?? 'null';
  const parts = Array.from(members, ([name, field]) => `${JSON.stringify(name)}:${textOf(field, values)}`);
  return `{${parts.join(',')}}`;
}

function namesOf(path: string): string[] {
  const names = [''];
  for (const [, escaped, plain = ''] of path.matchAll(/\\(.)|([^\\])/gsu)) {
    if (escaped === undefined && plain === '.') names.push('');
    else names[names.length - 1] += escaped ?? plain;
  }
  return names;
}
