import { describe } from 'vitest';
import { killSuite } from './support/kill-suite.ts';

describe('events on the embedded bus', () => killSuite());
