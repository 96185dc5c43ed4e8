import { z } from 'zod';
import { ConfigError, RejectedError } from '../../errors/index.ts';
import { deadLetterTopic } from '../topics.ts';

export const topicOperations = ['READ', 'WRITE', 'DESCRIBE'] as const;
export type TopicOperation = (typeof topicOperations)[number];

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be a name');
const pattern = z.string().regex(/^([A-Za-z0-9._-]+\*?|\*)$/, 'must be a name, the beginning of one and *, or *');

/**
 * What a role may do with topics, as which consumer groups it may read and by which transactional ids it may write. What no
 * rule allows is forbidden.
 */
export const accessRuleSchema = z.strictObject({
  role: name,
  topics: z.array(pattern).min(1),
  allow: z.array(z.enum(topicOperations)).min(1),
  groups: z.array(pattern).default([]),
  /** Only a broker asks for these. */
  transactional_ids: z.array(pattern).default([]),
});
export type AccessRule = z.output<typeof accessRuleSchema>;

/**
 * Who may read and write which topics; a role is the party that signs. Producers and consumers hold themselves to it, and
 * consumers hold senders to it. The broker should, too: {@link AccessRules.kafkaAclCommands}.
 */
export class AccessRules {
  readonly #rules: readonly AccessRule[];

  /**
   * @param rules as they stand in a configuration file
   * @throws {ConfigError} `config-invalid` with every field that is wrong
   */
  constructor(rules: unknown) {
    const parsed = z.array(accessRuleSchema).safeParse(rules);
    if (!parsed.success) {
      const findings = parsed.error.issues.map(({ path, message }) => ({ field: path.map(String).join('.'), message }));
      throw new ConfigError('config-invalid', { message: 'The access rules are not valid', details: { findings } });
    }
    this.#rules = parsed.data;
  }

  /** Who reads a topic may write its dead letters. */
  allows(role: string, operation: TopicOperation, topic: string): boolean {
    return this.#rules.some(
      (rule) =>
        rule.role === role &&
        ((rule.allow.includes(operation) && rule.topics.some((each) => fits(each, topic))) ||
          (operation === 'WRITE' &&
            rule.allow.includes('READ') &&
            rule.topics.some((each) => isLetterOf(each, topic)))),
    );
  }

  /** @throws {RejectedError} `topic-forbidden` */
  assertAllowed(role: string, operation: TopicOperation, topic: string): void {
    if (!this.allows(role, operation, topic)) throw new RejectedError('topic-forbidden');
  }

  /**
   * The same rules for the broker, as commands for Kafka's own tool; a role is the principal `User:<role>`. Kafka knows no
   * endings: who reads topics by a beginning needs a rule of its own for each of their dead letters.
   */
  kafkaAclCommands(): string[] {
    return this.#rules.flatMap(({ role, topics, allow, groups, transactional_ids }) => {
      const isReader = allow.includes('READ');
      const letters = topics.filter((topic) => isReader && !topic.endsWith('*')).map(deadLetterTopic);
      return [
        ...aclCommands(role, allow, 'topic', topics),
        ...aclCommands(role, ['WRITE'], 'topic', letters),
        ...aclCommands(role, ['READ'], 'group', isReader ? groups : []),
        ...aclCommands(
          role,
          ['WRITE', 'DESCRIBE'],
          'transactional-id',
          allow.includes('WRITE') ? transactional_ids : [],
        ),
      ];
    });
  }
}

function fits(each: string, topic: string): boolean {
  return each.endsWith('*') ? topic.startsWith(each.slice(0, -1)) : topic === each;
}

function isLetterOf(each: string, topic: string): boolean {
  const ending = deadLetterTopic('');
  return topic.endsWith(ending) && fits(each, topic.slice(0, -ending.length));
}

type AclResource = 'topic' | 'group' | 'transactional-id';

/** One for names and one for beginnings of names. They hold nothing that a shell would take apart; `*` alone is quoted. */
function aclCommands(
  role: string,
  operations: readonly string[],
  kind: AclResource,
  patterns: readonly string[],
): string[] {
  const isBeginning = (each: string) => each.endsWith('*') && each !== '*';
  const literal = patterns.filter((each) => !isBeginning(each)).map((each) => (each === '*' ? "'*'" : each));
  const prefixed = patterns.filter(isBeginning).map((each) => each.slice(0, -1));
  return [
    { patternType: 'literal', names: literal },
    { patternType: 'prefixed', names: prefixed },
  ]
    .filter(({ names }) => names.length > 0)
    .map(({ patternType, names }) =>
      [
        'kafka-acls.sh --bootstrap-server "$KAFKA_BROKERS" --add',
        `--allow-principal User:${role}`,
        ...operations.map((operation) => `--operation ${operation}`),
        `--resource-pattern-type ${patternType}`,
        ...names.map((name) => `--${kind} ${name}`),
      ].join(' '),
    );
}
