export { createManifest, type ManifestAuthority, serializeManifest } from './create-manifest.ts';
export type { Manifest, ManifestColumn } from './manifest.ts';
export { manifestPathFor } from './manifest-path.ts';
export { parseManifest, readManifest, verifyManifest } from './verify-manifest.ts';
