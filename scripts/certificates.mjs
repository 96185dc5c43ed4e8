// Certificates for brokers and clients on one machine, made by openssl: for development and tests, never for more.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const days = '30';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/**
 * Makes an authority of its own in `dir`.
 *
 * @param {string} dir
 * @param {string} name
 * @returns {{ cert: string, key: string }} paths of PEM files
 */
export function makeAuthority(dir, name) {
  mkdirSync(dir, { recursive: true });
  const files = filesOf(dir, name);
  const use = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl([
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    files.key,
    '-out',
    files.cert,
    '-days',
    days,
    ...subject(name),
    ...use,
  ]);
  chmodSync(files.key, 0o600);
  return files;
}

/**
 * Makes a certificate that the authority vouches for, good for servers (of the host names given) and for clients.
 *
 * @param {string} dir
 * @param {string} name the common name: the principal of a client
 * @param {{ cert: string, key: string }} authority
 * @param {readonly string[]} hosts
 * @returns {{ cert: string, key: string }} paths of PEM files
 */
export function makeCertificate(dir, name, authority, hosts = []) {
  mkdirSync(dir, { recursive: true });
  const files = filesOf(dir, name);
  const request = join(dir, `${name}.csr`);
  const extensions = join(dir, `${name}.ext`);
  const names = hosts.length === 0 ? '' : `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}\n`;
  writeFileSync(extensions, `basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n${names}`);
  openssl(['req', '-new', ...newKey, '-keyout', files.key, '-out', request, ...subject(name)]);
  const signer = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
  openssl(['x509', '-req', '-in', request, ...signer, '-days', days, '-extfile', extensions, '-out', files.cert]);
  chmodSync(files.key, 0o600);
  for (const file of [request, extensions]) rmSync(file);
  return files;
}

function filesOf(dir, name) {
  return { cert: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
}

function subject(name) {
  return ['-subj', `/CN=${name}`];
}

function openssl(args) {
  const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl could not make a certificate: ${error?.message ?? stderr}`);
}
