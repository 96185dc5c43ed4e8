import { nextSpan, readTrace, writeTrace } from '@sdp/shared/messaging';
import { describe, expect, test } from 'vitest';

const id = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';
const valid = `00-${id}-${span}-01`;

// The cases of the specification and of its test suite (W3C Trace Context, level 1).
describe('traceparent', () => {
  test('is read, continued and written', () => {
    const trace = readTrace({ traceparent: valid, tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' });
    expect(trace).toEqual({
      traceId: id,
      spanId: span,
      isSampled: true,
      state: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    });
    const next = nextSpan(trace);
    expect(next).toEqual({ ...trace, spanId: next.spanId });
    expect(next.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(next.spanId).not.toBe(span);
    expect(readTrace(writeTrace(next))).toEqual(next);
  });

  test('begins anew where there is none', () => {
    const trace = nextSpan();
    expect(readTrace(writeTrace(trace))).toEqual(trace);
    expect(nextSpan().traceId).not.toBe(trace.traceId);
  });

  test('of a later version is read as far as it is known', () => {
    expect(readTrace({ traceparent: `cc-${id}-${span}-01-what-the-future-brings` })?.traceId).toBe(id);
    expect(readTrace({ traceparent: `cc-${id}-${span}-00` })?.isSampled).toBe(false);
    expect(readTrace({ traceparent: `00-${id}-${span}-ff` })?.isSampled).toBe(true);
  });

  test.each([
    '',
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-01-more`,
    `00-${id}-${span}-01.`,
    `cc-${id}-${span}-01.more`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${id}-${span}-1`,
    `00-${id}-${span}-0x`,
    `0-${id}-${span}-01`,
    `00-${id.slice(1)}-${span}-01`,
    ` ${valid}`,
  ])('%j is none', (traceparent) => expect(readTrace({ traceparent })).toBeUndefined());

  test.each([
    ['too long', `a=${'x'.repeat(600)}`],
    ['too many members', Array.from({ length: 33 }, (_, i) => `a${i}=1`).join(',')],
    ['a name twice', 'a=1,a=2'],
    ['a name that is none', 'A=1'],
    ['no value', 'a='],
    ['a value with a comma or an equals sign', 'a=b=c'],
    ['a line end', 'a=b\nc=d'],
  ])('a tracestate with %s is left out', (_, tracestate) => {
    expect(readTrace({ traceparent: valid, tracestate })).toEqual({ traceId: id, spanId: span, isSampled: true });
  });

  test('a tracestate may have empty members and names of several tenants', () => {
    const tracestate = 'a=1, ,fw529a3039@dt=FfD-0';
    expect(readTrace({ traceparent: valid, tracestate })?.state).toBe(tracestate);
  });
});
