import { randomHex } from '../crypto/index.ts';

/** W3C Trace Context, level 1: which request a message belongs to. Not authenticated: a hint for people, never a ground to decide on. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: this hop. */
  readonly spanId: string;
  readonly isSampled: boolean;
  /** What others pass along, as it came. */
  readonly state?: string;
}

const traceparentPattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const stateMember =
  /^([a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const maxStateLength = 512;
const maxStateMembers = 32;

/** @returns `undefined` if there is no valid `traceparent`; a `tracestate` that isn't valid is left out */
export function readTrace(headers: Readonly<Record<string, string>>): TraceContext | undefined {
  const [, version, traceId, spanId, flags, rest] = traceparentPattern.exec(headers['traceparent'] ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // What a later version may put behind, version 00 may not.
  if (version === '00' && rest !== undefined) return undefined;
  const trace = { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
  const state = headers['tracestate'];
  return state !== undefined && isState(state) ? { ...trace, state } : trace;
}

/** The next hop of a trace, or the first one of a new trace. */
export function nextSpan(parent?: TraceContext): TraceContext {
  const spanId = randomSpan(8);
  return parent === undefined ? { traceId: randomSpan(16), spanId, isSampled: true } : { ...parent, spanId };
}

/** The two headers. */
export function writeTrace({ traceId, spanId, isSampled, state }: TraceContext): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}

function isState(state: string): boolean {
  if (state.length > maxStateLength) return false;
  const members = state.split(',').map((member) => member.trim());
  const names = members.filter((member) => member !== '').map((member) => member.slice(0, member.indexOf('=')));
  const areFit = members.every((member) => member === '' || stateMember.test(member));
  return areFit && names.length > 0 && names.length <= maxStateMembers && new Set(names).size === names.length;
}

/** All zeros is no id; it won't happen, and must not. */
function randomSpan(sizeBytes: number): string {
  for (;;) {
    const hex = randomHex(sizeBytes);
    if (hex !== zeros.slice(0, hex.length)) return hex;
  }
}

const zeros = '0'.repeat(32);
