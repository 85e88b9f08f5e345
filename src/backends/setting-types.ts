import * as z from 'zod';

/** `true` or `false`, also as the text that a variable or `--set` gives. */
export const yesOrNo = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
  error: 'must be true or false',
});

/** A whole number from 0 on, also as the text that a variable or `--set` gives. */
export const wholeNumber = z.union(
  [
    z.int().min(0),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ],
  { error: 'must be a whole number' },
);

/** What the schema takes, or a text that holds it as JSON; `what` is how messages call it. */
export function orJson<Schema extends z.ZodType>(schema: Schema, what: string) {
  const fromText = z.string().transform((text, issues): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      // The parser's message quotes the text.
      issues.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  });
  return z.union([schema, fromText.pipe(schema)], { error: `expected ${what}, or the same as JSON` });
}
