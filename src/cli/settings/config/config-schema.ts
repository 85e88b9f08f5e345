import * as z from 'zod';
import type { BackendDefinition } from '../../../contract/backend/definition.ts';
import { Settings } from '../settings.ts';
import { OF_THE_RUN } from './config-keys.ts';

/** The config file as a schema: the common settings and one section per backend. */
export function configFileSchema(backends: readonly BackendDefinition[]): z.ZodObject {
  const sections = Object.fromEntries(
    backends.map((backend) => [backend.id, backend.settings.partial().optional().describe(backend.title)]),
  );
  const omitted = Object.fromEntries(OF_THE_RUN.map((key) => [key, true])) as Record<(typeof OF_THE_RUN)[number], true>;
  return Settings.partial()
    .omit(omitted)
    .extend({ $schema: z.string().optional(), ...sections }) as unknown as z.ZodObject;
}

/** The same as JSON Schema (draft 7), for editors and for the package. */
export function configJsonSchema(backends: readonly BackendDefinition[]): object {
  const schema = z.toJSONSchema(configFileSchema(backends), { io: 'input', target: 'draft-7' });
  return { ...schema, title: 'apptool config' };
}
