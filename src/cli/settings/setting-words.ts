import * as z from 'zod';

/** A range of more numbers than this is not written out. */
const MOST_NUMBERS = 32;

interface JsonSchema {
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
}

/** The values that a setting can have, as they are typed (a lone number is no choice); none where they cannot be listed. */
export function wordsOf(schema: z.ZodType): readonly string[] {
  return [...new Set(wordsIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema))];
}

function wordsIn({ enum: words = [], const: word, type, minimum, maximum, anyOf = [] }: JsonSchema): string[] {
  const found = [...words, ...(typeof word === 'string' ? [word] : [])].map(String);
  if (type === 'boolean') found.push('true', 'false');
  if (type === 'integer' && minimum !== undefined && maximum !== undefined && maximum - minimum < MOST_NUMBERS)
    for (let number = minimum; number <= maximum; number += 1) found.push(String(number));
  return [...found, ...anyOf.flatMap(wordsIn)];
}
