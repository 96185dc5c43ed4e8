/** Where the manifest of a tokenized file stands unless `--manifest` says otherwise. */
export function manifestPathFor(outputPath: string): string {
  return `${outputPath}.manifest.json`;
}
