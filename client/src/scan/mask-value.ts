const longest = 24;

/**
 * The form of a value without its content: letters become `a` or `A`, digits `9`, other signs that are no separators `*`.
 * Long ones are cut.
 */
export function maskValue(value: string): string {
  const masked = [...value.slice(0, longest + 1)]
    .map((sign) => {
      if (/\p{N}/u.test(sign)) return '9';
      if (/\p{Lu}/u.test(sign)) return 'A';
      if (/[\p{L}\p{M}]/u.test(sign)) return 'a';
      return /[ .,;:@/+()_-]/.test(sign) ? sign : '*';
    })
    .join('');
  return value.length > longest ? `${masked.slice(0, longest - 1)}…` : masked;
}

/** The form that most of the values have, the first of several; runs of letters count as equal whatever their length. */
export function commonForm(values: readonly string[]): string | undefined {
  const forms = new Map<string, { count: number; form: string }>();
  for (const value of values) {
    const form = maskValue(value);
    const key = form.replace(/a+/g, 'a');
    const known = forms.get(key);
    if (known === undefined) forms.set(key, { count: 1, form });
    else known.count += 1;
  }
  let best: { count: number; form: string } | undefined;
  for (const entry of forms.values()) if (best === undefined || entry.count > best.count) best = entry;
  return best?.form;
}
