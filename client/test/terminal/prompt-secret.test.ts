import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { promptSecret } from '../../src/terminal/index.ts';

class Keys extends EventEmitter {
  readonly modes: boolean[] = [];
  setRawMode(raw: boolean) {
    this.modes.push(raw);
  }
  resume() {}
  pause() {}
}

function ask(signal = new AbortController().signal) {
  const keyboard = new Keys();
  const screen = new PassThrough();
  const answer = promptSecret('Passphrase: ', { keyboard, screen, signal });
  const type = (text: string | Buffer) => keyboard.emit('data', Buffer.from(text as string));
  return { answer, type, keyboard, shown: () => String(screen.read()) };
}

it('takes what is typed, in pieces, and shows none of it', async () => {
  const { answer, type, keyboard, shown } = ask();
  const bytes = Buffer.from('größe');
  type('sec');
  type(bytes.subarray(0, 3));
  type(bytes.subarray(3));
  type('\r');
  expect(await answer).toBe('secgröße');
  expect(shown()).toBe('Passphrase: \n');
  expect(keyboard.modes).toEqual([true, false]);
  expect(keyboard.listenerCount('data')).toBe(0);
});

it('corrects whole characters, and starts again with Ctrl-U', async () => {
  const { answer, type } = ask();
  type('wrong\u0015righß\u007ft\n');
  expect(await answer).toBe('right');
});

it.each(['\u0003', 'begun\u0003', '\u0004'])('is interrupted by Ctrl-C and Ctrl-D', async (text) => {
  const { answer, type, keyboard } = ask();
  type(text);
  await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
  expect(keyboard.modes).toEqual([true, false]);
});

it('ends with its command', async () => {
  const abort = new AbortController();
  const { answer, keyboard } = ask(abort.signal);
  abort.abort(new Error('the command ends'));
  await expect(answer).rejects.toThrow('the command ends');
  expect(keyboard.modes).toEqual([true, false]);
});
