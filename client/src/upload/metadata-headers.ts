import type { Declaration } from '@sdp/shared/contracts';

/** Node's servers take 16 KiB of headers; this leaves room for the others. */
const maximumDeclarationBytes = 10_000;

/** What goes with the records, in `X-SDP-*` headers, percent-encoded: unlike the query it stays out of access logs. */
export function metadataHeaders(metadata: {
  readonly clientId: string;
  readonly processingType: string;
  readonly keyColumn: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly declaration: Declaration;
}): Record<string, string> {
  const { clientId, processingType, keyColumn, params } = metadata;
  return {
    'x-sdp-client-id': clientId,
    'x-sdp-processing-type': processingType,
    'x-sdp-key-column': encodeURIComponent(keyColumn),
    'x-sdp-params': encodeURIComponent(JSON.stringify(params)),
    'x-sdp-declaration': encodeDeclaration(metadata.declaration),
  };
}

/** A very wide file's declaration is cut to what is not `keep`, then to what was declared safe: the rest grants nothing. */
function encodeDeclaration(declaration: Declaration): string {
  const treated = declaration.columns.filter(({ method }) => method !== 'keep');
  const forms = [declaration, { ...declaration, columns: treated }, { ...declaration, columns: [] }];
  const texts = forms.map((form) => encodeURIComponent(JSON.stringify(form)));
  return texts.find((text) => text.length <= maximumDeclarationBytes) ?? (texts.at(-1) as string);
}
