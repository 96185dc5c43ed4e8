import { Writable } from 'node:stream';
import { InputError } from '@sdp/shared/errors';
import { describe, expect, it } from 'vitest';
import { escapeControl, jsonText } from '../../src/terminal/escape-control.ts';
import { formatTable } from '../../src/terminal/format-table.ts';
import { formatBytes, StreamTerminal } from '../../src/terminal/index.ts';
import { progressText } from '../../src/terminal/progress-line.ts';
import { textWidth } from '../../src/terminal/text-width.ts';

function terminals({ isTTY = false } = {}) {
  let out = '';
  let err = '';
  let time = 0;
  const into = (add: (text: string) => void) =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          add(String(chunk));
          done();
        },
      }),
      { isTTY, columns: 60 },
    );
  const terminal = new StreamTerminal({
    stdout: into((text) => (out += text)),
    stderr: into((text) => (err += text)),
    now: () => (time += 1000),
  });
  return { terminal, out: () => out, err: () => err };
}

describe('StreamTerminal', () => {
  it('prints results to stdout, remarks to stderr', () => {
    const { terminal, out, err } = terminals();
    terminal.info('a remark');
    terminal.warn('careful');
    terminal.result('done', { ok: true });
    expect(out()).toBe('done\n');
    expect(err()).toBe('sdp: a remark\nsdp: warning: careful\n');
  });

  it('prints one JSON object with --json, even with --quiet', () => {
    const { terminal, out } = terminals();
    terminal.configure({ json: true, quiet: true });
    terminal.result('done', { ok: true });
    expect(out()).toBe('{"ok":true}\n');
  });

  it('keeps to warnings and errors with --quiet', () => {
    const { terminal, out, err } = terminals({ isTTY: true });
    terminal.configure({ quiet: true });
    terminal.progress('x').update(1);
    terminal.info('a remark');
    terminal.result('done', {});
    terminal.warn('careful');
    expect(out()).toBe('');
    expect(err()).toBe('sdp: warning: careful\n');
  });

  it('leaves stdout to the data once it is reserved', () => {
    const { terminal, out, err } = terminals();
    terminal.reserveStdout();
    terminal.result('done', {});
    expect([out(), err()]).toEqual(['', 'done\n']);
  });

  it('lists all findings of an error with their places, then the hint', () => {
    const { terminal, err } = terminals();
    const findings = [
      { line: 3, column: 7, field: 'columns.a', message: 'wrong' },
      { row: 12, message: 'e-mail address', field: 'notes' },
    ];
    terminal.error(
      new InputError('csv-quote', { message: 'What', remedy: 'Do this.', details: { file: 'x.csv', findings } }),
    );
    expect(err()).toBe(
      'sdp: error: What (x.csv)\n  3:7, columns.a: wrong\n  row 12, notes: e-mail address\nsdp: hint: Do this.\n',
    );
  });

  it('lets no control character through, wherever it comes from', () => {
    const hostile = '\u001b]0;owned\u0007\u009b2J\u202etxt\r\nx';
    const { terminal, out, err } = terminals();
    terminal.info(hostile);
    terminal.result([hostile, { columns: [hostile], rows: [[hostile]] }], {});
    terminal.error(
      new InputError('csv-quote', {
        message: hostile,
        details: { file: hostile, findings: [{ message: hostile, field: hostile }] },
      }),
    );
    terminal.configure({ json: true });
    terminal.error(new InputError('csv-quote', { message: hostile }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(out() + err()).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    expect(err().split('\n').length).toBe(1 + 4 + 1 - 2 + 1);
  });

  it('shows progress on a terminal only', () => {
    const plain = terminals();
    plain.terminal.progress('Working').update(5);
    expect(plain.err()).toBe('');
    const tty = terminals({ isTTY: true });
    const progress = tty.terminal.progress('Working', { unit: 'rows' });
    progress.update(500, 1000);
    expect(tty.err()).toContain('Working');
    expect(tty.err()).toContain('50%');
    expect(tty.err()).toContain('500 rows');
    progress.stop();
    expect(tty.err()).satisfy((text: string) => text.endsWith('\r\u001b[K'));
  });
});

describe('progressText', () => {
  it('says share, count, rate and time left', () => {
    expect(progressText('Tokenizing', 250_000, 2, { total: 1_000_000, unit: 'rows' })).toBe(
      'Tokenizing  █████░░░░░░░░░░░░░░░ 25%  250,000 rows  125,000 rows/s  6 s left',
    );
    expect(progressText('Sending', 1_500_000, 0.1, { unit: 'bytes' })).toBe('Sending  1.5 MB');
  });
});

describe('formatTable', () => {
  it('aligns by width on the screen, numbers to the right', () => {
    expect(
      formatTable({
        columns: ['name', 'n'],
        rows: [
          ['Zoë', 1234567],
          ['名前', 5],
          ['😀', 0.25],
        ],
      }),
    ).toBe('name          n\n────  ─────────\nZoë   1,234,567\n名前          5\n😀         0.25');
  });
});

describe('textWidth', () => {
  it.each([
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['👩‍👩‍👧', 2],
    ['\u200b', 0],
    ['', 0],
  ])('of %j is %i', (text, width) => expect(textWidth(text)).toBe(width));
});

it('escapes what steers a terminal and nothing else', () => {
  expect(escapeControl('a\tb\u001b[1m\u0085\u2066é日😀\ud800')).toBe('a\\tb\\x1b[1m\\x85\\u2066é日😀\ufffd');
  expect(escapeControl('a\nb', { keepLineFeeds: true })).toBe('a\nb');
  expect(jsonText({ a: '\u009b\u202e' })).toBe('{"a":"\\u009b\\u202e"}');
  expect(JSON.parse(jsonText({ a: '\u009b' }))).toEqual({ a: '\u009b' });
});

it('formats sizes', () => {
  expect([0, 999, 1000, 1_500_000, 999_960, 2e12].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.5 MB',
    '1.0 MB',
    '2.0 TB',
  ]);
});
