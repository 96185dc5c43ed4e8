export { CompressingSink } from './compressing-sink.ts';
export {
  type Compression,
  compressionByMagic,
  compressionByName,
  compressions,
  withoutCompression,
} from './compression.ts';
export { decompress } from './decompress.ts';
