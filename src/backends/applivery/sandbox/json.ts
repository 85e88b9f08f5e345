import * as z from 'zod';
import type { SandboxRequest } from '../../../contract/backend/sandbox.ts';
import { Refusal } from './refusal.ts';

/** "PUT - Update a Build": what the Integrations API takes. */
export const BuildChange = z.strictObject({
  versionName: z.string().min(1).optional(),
  tags: z.array(z.string().min(1)).optional(),
  changelog: z.string().optional(),
});
export type BuildChange = z.infer<typeof BuildChange>;

/** "POST - Create a Publication". What is not read here is taken as it is. */
export const NewPublication = z.looseObject({
  slug: z.string().regex(/^[a-z0-9-]+$/),
  security: z.enum(['public', 'password', 'logged']),
  visibility: z.enum(['active', 'inactive', 'unlisted']),
  password: z.string().nullish(),
  filter: z.looseObject({ type: z.enum(['last', 'build', 'builds', 'gitBranch', 'gitTag', 'tag']) }),
});
export type NewPublication = z.infer<typeof NewPublication>;

/** A JSON body. Throws `Refusal` for one that the page does not allow; it gives no code for that. */
export async function readBody<T>(request: SandboxRequest, schema: z.ZodType<T>): Promise<T> {
  const text = (await request.body()).toString('utf8');
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = issue === undefined ? 'body' : issue.path.join('.') || 'body';
  throw new Refusal(400, 5006, `${what}: ${issue?.message ?? 'invalid value'}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 5006, 'body: not JSON');
  }
}
