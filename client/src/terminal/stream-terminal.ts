import type { Writable } from 'node:stream';
import type { SdpError } from '@sdp/shared/errors';
import { escapeControl, jsonText } from './escape-control.ts';
import { errorJson, errorText } from './format-error.ts';
import { formatTable } from './format-table.ts';
import { ProgressLine } from './progress-line.ts';
import type { Progress, Table, Terminal } from './terminal.ts';

/** A stream that may be a terminal. */
export type TerminalStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface StreamTerminalOptions {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly now?: () => number;
}

const silent: Progress = { update: () => undefined, label: () => undefined, stop: () => undefined };

/** {@link Terminal} on two streams. */
export class StreamTerminal implements Terminal {
  json = false;
  quiet = false;
  readonly #stdout: TerminalStream;
  readonly #stderr: TerminalStream;
  readonly #now: () => number;
  #stdoutIsData = false;
  #line: ProgressLine | undefined;

  constructor({ stdout, stderr, now = () => performance.now() }: StreamTerminalOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#now = now;
  }

  /** Called once the command line is known. */
  configure({ json = false, quiet = false }: { readonly json?: boolean; readonly quiet?: boolean }): void {
    this.json = json;
    this.quiet = quiet;
  }

  result(text: string | readonly (string | Table)[], json: Readonly<Record<string, unknown>>): void {
    this.#line?.clear();
    if (this.json) {
      this.#stdout.write(`${jsonText(json)}\n`);
      return;
    }
    if (this.quiet) return;
    const parts = typeof text === 'string' ? [text] : text;
    const stream = this.#stdoutIsData ? this.#stderr : this.#stdout;
    const maxWidth = stream.isTTY === true ? stream.columns || undefined : undefined;
    const lines = parts.map((part) =>
      typeof part === 'string' ? escapeControl(part, { keepLineFeeds: true }) : formatTable(part, maxWidth),
    );
    stream.write(`${lines.join('\n')}\n`);
  }

  info(text: string): void {
    if (!this.quiet) this.#remark('sdp: ', text);
  }

  warn(text: string): void {
    this.#remark('sdp: warning: ', text);
  }

  progress(label: string, options: { readonly total?: number; readonly unit?: string } = {}): Progress {
    if (!this.#stderr.isTTY || this.quiet || this.json) return silent;
    const line = new ProgressLine({ stream: this.#stderr, label, now: this.#now, ...options });
    this.#line = line;
    return {
      update: (done, total) => line.update(done, total),
      label: (text) => line.label(text),
      stop: () => {
        line.stop();
        if (this.#line === line) this.#line = undefined;
      },
    };
  }

  error(error: SdpError): void {
    this.#line?.clear();
    if (this.json && !this.#stdoutIsData) this.#stdout.write(`${jsonText(errorJson(error))}\n`);
    else this.#stderr.write(`${escapeControl(errorText(error), { keepLineFeeds: true })}\n`);
  }

  /** Prints help, as it is. */
  page(text: string, stream: 'stdout' | 'stderr'): void {
    (stream === 'stdout' ? this.#stdout : this.#stderr).write(text);
  }

  reserveStdout(): void {
    this.#stdoutIsData = true;
  }

  #remark(prefix: string, text: string): void {
    this.#line?.clear();
    this.#stderr.write(`${prefix}${escapeControl(text)}\n`);
  }
}
