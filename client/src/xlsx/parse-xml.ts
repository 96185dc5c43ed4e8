import { SaxesParser } from 'saxes';

/** No value that a cell may have comes near it. */
const maxPendingBytes = 4 * 1024 * 1024;

export type XmlAttributes = Readonly<Record<string, string>>;

/** What is done with the elements of a document, by their names without a prefix. */
export interface XmlHandlers {
  readonly open?: (name: string, attributes: XmlAttributes) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

/**
 * Parses a document as it comes; yields after each chunk. Memory stays flat however large it is.
 *
 * @throws {Error} for what is not well-formed or UTF-8, has a document type (and with it entities), or an endless text
 */
export async function* parseXml(source: AsyncIterable<Uint8Array>, handlers: XmlHandlers): AsyncGenerator<void> {
  const parser = new SaxesParser({ position: false });
  let pending = 0;
  const seen = () => {
    pending = 0;
  };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', () => {
    throw new Error('document types are not read');
  });
  parser.on('opentag', ({ name, attributes }) => {
    seen();
    handlers.open?.(localName(name), attributes as XmlAttributes);
  });
  parser.on('closetag', ({ name }) => {
    seen();
    handlers.close?.(localName(name));
  });
  parser.on('text', (text) => handlers.text?.(text));
  parser.on('cdata', (text) => handlers.text?.(text));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of source) {
    pending += chunk.length;
    parser.write(decoder.decode(chunk, { stream: true }));
    if (pending > maxPendingBytes) throw new Error('a text has no end');
    yield;
  }
  parser.write(decoder.decode()).close();
  yield;
}

/** Parses all of a document. */
export async function parseAll(source: AsyncIterable<Uint8Array>, handlers: XmlHandlers): Promise<void> {
  for await (const _ of parseXml(source, handlers));
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
