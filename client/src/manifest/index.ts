export { type ColumnOptions, columnOptionsSchema } from './column-options.ts';
export { createManifest, type ManifestAuthority, serializeManifest } from './create-manifest.ts';
export {
  csvOptionsIn,
  formatOf,
  type Manifest,
  type ManifestColumn,
  type ManifestFormat,
  type ManifestV2,
} from './manifest.ts';
export { manifestPathFor } from './manifest-path.ts';
export { parseManifest, readManifest, verifyManifest } from './verify-manifest.ts';
