import { type CommandContext, pathFrom, stdioPath } from '../commands/context.ts';
import { type InputFile, inputStream, openInputFile } from '../files/index.ts';

/** The file, or stdin for `-`. */
export function openInput(context: CommandContext, path: string): Promise<InputFile> {
  return path === stdioPath
    ? Promise.resolve(inputStream(context.stdin, context.signal))
    : openInputFile(pathFrom(context, path));
}
