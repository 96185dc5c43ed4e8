import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A self-signed certificate for a subject such as `IP:127.0.0.1`, and its key; PEM texts and the certificate's path. */
export function selfSigned(
  folder: string,
  subject: string,
): { readonly key: string; readonly cert: string; readonly path: string } {
  const [keyPath, path] = [join(folder, 'tls.key'), join(folder, 'tls.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=test', '-addext', `subjectAltName=${subject}`, '-keyout', keyPath, '-out', path],
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(keyPath, 'utf8'), cert: readFileSync(path, 'utf8'), path };
}
