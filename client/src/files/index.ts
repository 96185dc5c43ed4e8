export {
  AtomicFile,
  type AtomicFileOptions,
  fileIdentity,
  linkTarget,
  sweepUnfinished,
  unfinishedFilesIn,
  unfinishedFilesOf,
} from './atomic-file.ts';
export { DigestSink } from './digest-sink.ts';
export { appendDurably, replaceDurably, syncFolder } from './durable.ts';
export { inputFileError, outputFileError } from './file-errors.ts';
export { changedMeanwhile, type InputFile, inputStream, openInputFile, stateOf } from './input-file.ts';
export { outputStream } from './output-stream.ts';
export { abandonedAmong, isGone, ownProcess, temporaryFileFor } from './temporary-name.ts';
