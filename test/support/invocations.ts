import type { NamedCommand } from '../../scripts/docs/programs.ts';

/** `sdp …` and `sdp-server …` lines of a text, with the longest command name that fits and the flags they use. */
export function invocationsIn(
  text: string,
  all: readonly NamedCommand[],
): { readonly name: string; readonly flags: readonly string[] }[] {
  const joined = text.replace(/\\\n\s*/g, ' ');
  return [...joined.matchAll(/^\s*\$ .*?\b(sdp(?:-server)? .*)$/gm)].map(([, line = '']) => {
    const words = line.split(/\s+/);
    const names = words.map((_, count) => words.slice(0, count + 1).join(' '));
    const name = names.findLast((each) => all.some((known) => known.name === each)) ?? line;
    return { name, flags: words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[=)"].*$/, '')) };
  });
}
