// What makes the broker of `npm run kafka -- --secured` a secured one: no listener without TLS, SCRAM-SHA-512 on one of them and
// client certificates on the other, an authorizer that allows what an ACL allows and nothing else.
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority, makeCertificate } from './certificates.mjs';

/** `admin` may do anything; the others what ACLs allow. Each has a password and a certificate. */
const users = ['admin', 'sdp-server', 'payments'];
const iterations = 8_192;

/**
 * Makes certificates and passwords in `dir`, once.
 *
 * @param {string} dir
 */
export function prepareSecurity(dir) {
  if (existsSync(join(dir, 'broker.keystore.pem'))) return;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const authority = makeAuthority(dir, 'ca');
  const broker = makeCertificate(dir, 'broker', authority, ['localhost']);
  for (const user of users) {
    makeCertificate(dir, user, authority);
    writeFileSync(join(dir, `${user}.password`), `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  }
  const chain = [broker.key, broker.cert].map((file) => readFileSync(file, 'utf8')).join('');
  writeFileSync(join(dir, 'broker.keystore.pem'), chain, { mode: 0o600 });
}

/** Arguments of the storage tool that make the users; it is given salted passwords, since others can see arguments. */
export function scramArguments(dir) {
  return users.flatMap((user) => {
    const salt = randomBytes(16);
    const salted = pbkdf2Sync(passwordOf(dir, user), salt, iterations, 64, 'sha512').toString('base64');
    const parts = `name=${user},iterations=${iterations},salt="${salt.toString('base64')}",saltedpassword="${salted}"`;
    return ['--add-scram', `SCRAM-SHA-512=[${parts}]`];
  });
}

/** Settings of the broker. */
export function securitySettings(dir, { port, mtlsPort, controllerPort }) {
  return {
    listeners: `SASL://127.0.0.1:${port},MTLS://127.0.0.1:${mtlsPort},CONTROLLER://localhost:${controllerPort}`,
    'advertised.listeners': `SASL://localhost:${port},MTLS://localhost:${mtlsPort}`,
    'listener.security.protocol.map': 'SASL:SASL_SSL,MTLS:SSL,CONTROLLER:SSL',
    'controller.quorum.bootstrap.servers': `localhost:${controllerPort}`,
    'inter.broker.listener.name': 'MTLS',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.sasl.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'listener.name.mtls.ssl.client.auth': 'required',
    'listener.name.controller.ssl.client.auth': 'required',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(dir, 'broker.keystore.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(dir, 'ca.pem'),
    'ssl.principal.mapping.rules': 'RULE:^CN=([A-Za-z0-9._-]+)$/$1/,DEFAULT',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': 'false',
    'super.users': 'User:broker;User:admin',
  };
}

/** Writes what Kafka's own tools need to reach the broker as `admin`, for their `--command-config`. */
export function writeToolSettings(dir) {
  const login = `org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="${passwordOf(dir, 'admin')}";`;
  const lines = [
    'security.protocol=SASL_SSL',
    'sasl.mechanism=SCRAM-SHA-512',
    `sasl.jaas.config=${login}`,
    'ssl.truststore.type=PEM',
    `ssl.truststore.location=${join(dir, 'ca.pem')}`,
  ];
  writeFileSync(join(dir, 'admin.properties'), `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** Kafka's own `kafka-acls.sh`, as its distribution has it; Maven brings only the jars. */
export function writeAclTool(dir, classpath) {
  mkdirSync(dir, { recursive: true });
  const java = `exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp '${classpath}' org.apache.kafka.tools.AclCommand "$@"`;
  writeFileSync(join(dir, 'kafka-acls.sh'), `#!/bin/sh\n${java}\n`, { mode: 0o755 });
}

/** How to reach the broker, for people to copy. */
export function securityHint(dir, { port, mtlsPort }) {
  return [
    'As the user sdp-server, by password:',
    `  export KAFKA_BROKERS=localhost:${port} KAFKA_SSL_CA=${join(dir, 'ca.pem')}`,
    `  export KAFKA_USERNAME=sdp-server KAFKA_PASSWORD_FILE=${join(dir, 'sdp-server.password')}`,
    'or by certificate:',
    `  export KAFKA_BROKERS=localhost:${mtlsPort} KAFKA_SSL_CA=${join(dir, 'ca.pem')}`,
    `  export KAFKA_SSL_CERT=${join(dir, 'sdp-server.pem')} KAFKA_SSL_KEY=${join(dir, 'sdp-server.key')}`,
    'It may do nothing before the broker knows the access rules:',
    `  export PATH=${join(dir, '..', 'bin')}:$PATH`,
    `  sdp-server topics acls --command-config ${join(dir, 'admin.properties')} | sh`,
  ].join('\n');
}

function passwordOf(dir, user) {
  return readFileSync(join(dir, `${user}.password`), 'utf8').trim();
}
