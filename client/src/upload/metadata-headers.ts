import type { Declaration } from '@sdp/shared/contracts';
import { UsageError } from '@sdp/shared/errors';

/** Node's servers take 16 KiB of headers; this leaves room for the others. */
const maximumBytes = 14_000;
const maximumDeclarationBytes = 10_000;
/** Proxies commonly take 8 KiB of one header. */
const maximumParamsBytes = 8_000;

/** What goes with the records, in `X-SDP-*` headers, percent-encoded: unlike the query it stays out of access logs. */
export function metadataHeaders(metadata: {
  readonly clientId: string;
  readonly processingType: string;
  readonly keyColumn: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly declaration: Declaration;
}): Record<string, string> {
  const { clientId, processingType, keyColumn, params } = metadata;
  const paramsText = encodeJson(params);
  if (paramsText.length > maximumParamsBytes) {
    throw new UsageError('usage-invalid', {
      message: `The parameters are too long for one upload: ${paramsText.length} bytes, and ${maximumParamsBytes} are the most`,
      remedy: 'Shorten them: of rules leave out those that are off, descriptions and tags.',
    });
  }
  return {
    'x-sdp-client-id': clientId,
    'x-sdp-processing-type': processingType,
    'x-sdp-key-column': encodeURIComponent(keyColumn),
    'x-sdp-params': paramsText,
    'x-sdp-declaration': encodeDeclaration(
      metadata.declaration,
      Math.min(maximumDeclarationBytes, maximumBytes - paramsText.length),
    ),
  };
}

/** Percent-encoded, but for the signs of JSON that a header may hold: most of it is those. */
function encodeJson(value: unknown): string {
  return encodeURIComponent(JSON.stringify(value)).replace(/%(?:22|2C|3A|5B|5D|7B|7D)/g, decodeURIComponent);
}

/** A very wide file's declaration is cut to what is not `keep`, then to what was declared safe: the rest grants nothing. */
function encodeDeclaration(declaration: Declaration, most: number): string {
  const treated = declaration.columns.filter(({ method }) => method !== 'keep');
  const forms = [declaration, { ...declaration, columns: treated }, { ...declaration, columns: [] }];
  const texts = forms.map((form) => encodeURIComponent(JSON.stringify(form)));
  return texts.find((text) => text.length <= most) ?? (texts.at(-1) as string);
}
