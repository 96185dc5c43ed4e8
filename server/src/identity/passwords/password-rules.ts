const minLength = 12;
const maxLength = 256;

/**
 * What makes a password too easy to guess. Length alone counts, as NIST SP 800-63B has it: no rules on kinds of characters, and
 * no expiry.
 *
 * @returns what to change, or undefined
 */
export function passwordFinding(password: string, name: string): string | undefined {
  const normal = password.normalize('NFKC');
  const length = [...normal].length;
  if (length < minLength) return `must have at least ${minLength} characters`;
  if (length > maxLength) return `must have at most ${maxLength} characters`;
  if (new Set(normal).size < 5) return 'must have at least five different characters';
  if (normal.toLowerCase().includes(name.toLowerCase())) return 'must not contain the name';
  return undefined;
}
