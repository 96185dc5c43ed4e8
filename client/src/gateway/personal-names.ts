/**
 * Attributes that are about a person or about where one is by OpenTelemetry's semantic conventions, the older names included.
 * What stands there is no identifier that a detection could know: a name, a login, an address of a client.
 */
const names: ReadonlySet<string> = new Set([
  ...['user.id', 'user.name', 'user.full_name', 'user.email', 'user.hash', 'enduser.id', 'enduser.pseudo.id'],
  ...['client.address', 'client.socket.address', 'source.address', 'http.client_ip', 'net.peer.ip', 'net.peer.name'],
  ...['net.sock.peer.addr', 'net.sock.peer.name', 'network.peer.address', 'process.owner', 'process.user.name'],
  ...['process.real_user.name', 'process.saved_user.name', 'session.id', 'session.previous_id', 'device.id'],
]);

/** Whether what stands under a name of an attribute, or of one of a resource, becomes a token as a whole. */
export function isPersonalName(name: string): boolean {
  return names.has(name.startsWith('resource.') ? name.slice('resource.'.length) : name);
}
