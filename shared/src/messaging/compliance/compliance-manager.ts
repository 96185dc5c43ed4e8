import { z } from 'zod';
import { ConfigError, type Finding, RejectedError } from '../../errors/index.ts';
import type { SignatureAlgorithm } from '../envelope/index.ts';
import { compiledRules, fieldFindings, maskFields } from './field-rules.ts';
import { type TopicPolicy, topicPolicySchema } from './topic-policy.ts';

/** A message as a policy sees it. */
export interface CheckedMessage {
  readonly payload: unknown;
  readonly isSealed: boolean;
}

/** Holds messages to the policies of their topics. A topic without a policy takes none. */
export class ComplianceManager {
  readonly #exact = new Map<string, TopicPolicy>();
  /** By their beginnings, the longest first. */
  readonly #beginnings: TopicPolicy[] = [];

  /**
   * @param policies as they stand in a configuration file
   * @throws {ConfigError} `config-invalid` with every field that is wrong, or a topic that stands there twice
   */
  constructor(policies: unknown) {
    const parsed = z.array(topicPolicySchema).safeParse(policies);
    if (!parsed.success) throw invalidPolicies(parsed.error.issues.map(toFinding));
    for (const policy of parsed.data) {
      if (policy.topic.endsWith('*')) this.#beginnings.push(policy);
      else if (this.#exact.has(policy.topic))
        throw invalidPolicies([{ field: policy.topic, message: 'stands there twice' }]);
      else this.#exact.set(policy.topic, policy);
    }
    this.#beginnings.sort((a, b) => b.topic.length - a.topic.length);
  }

  /** The policy of exactly this topic, else the one whose beginning fits longest. @throws {RejectedError} `policy-violated` */
  policyOf(topic: string): TopicPolicy {
    const policy = this.#exact.get(topic) ?? this.#beginningOf(topic);
    if (policy === undefined) throw violated([{ message: 'The topic has no policy' }]);
    return policy;
  }

  #beginningOf(topic: string): TopicPolicy | undefined {
    return this.#beginnings.find((each) => topic.startsWith(each.topic.slice(0, -1)));
  }

  /** Whether {@link check} looks at what a sealed message says. @throws {RejectedError} `policy-violated` without a policy */
  hasFieldRules(topic: string): boolean {
    return compiledRules(this.policyOf(topic).fields).length > 0;
  }

  /** Signature algorithms that the topic takes; all where undefined. */
  signaturesOf(topic: string): readonly SignatureAlgorithm[] | undefined {
    return this.policyOf(topic).signatures;
  }

  /** @throws {RejectedError} `policy-violated` with every rule that is broken, never with a value */
  check(topic: string, { payload, isSealed }: CheckedMessage): void {
    const policy = this.policyOf(topic);
    const findings = fieldFindings(policy.fields, payload);
    if (policy.encryption === 'required' && !isSealed)
      findings.push({ message: 'The topic takes only sealed messages' });
    if (findings.length > 0) throw violated(findings);
  }

  /** The payload as a log may have it: fields that the topic's policy speaks of are cut out. */
  masked(topic: string, payload: unknown): unknown {
    return maskFields(this.policyOf(topic).fields, payload);
  }
}

function violated(findings: readonly Finding[]): RejectedError {
  return new RejectedError('policy-violated', { details: { findings } });
}

function invalidPolicies(findings: readonly Finding[]): ConfigError {
  return new ConfigError('config-invalid', {
    message: 'The policies of the topics are not valid',
    details: { findings },
  });
}

function toFinding({ path, message }: z.core.$ZodIssue): Finding {
  return { field: path.map(String).join('.'), message };
}
