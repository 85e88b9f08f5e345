import * as z from 'zod';
import type { BackendDefinition } from '../../contract/backend/definition.ts';
import { ResultDocument } from '../../contract/result-document.ts';
import { COMMAND_DATA, Planned } from './command-data.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of every document of `--json`: the members that all have, and what `data` is by `command`. The data of a command is
 * a definition by itself, `config-show` that of `config show`; a command without one has `null`.
 */
export async function resultJsonSchema(backends: readonly BackendDefinition[]): Promise<JsonSchema> {
  const known = { ...COMMAND_DATA, ...(await dataOfBackends(backends)) };
  const commands = Object.keys(known);
  const named = (command: string) => command.replaceAll(' ', '-');
  return {
    ...jsonSchemaOf(ResultDocument),
    title: 'apptool --json result, version 1',
    allOf: [
      when({ enum: commands }, { else: { properties: { data: { type: 'null' } } } }),
      ...commands.map((command) => {
        const data = { anyOf: [{ $ref: `#/definitions/${named(command)}` }, { type: 'null' }] };
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
        return when({ const: command }, { then: { properties: { data } } });
      }),
    ],
    definitions: Object.fromEntries(
      Object.entries(known).map(([command, schema]) => {
        const { $schema: _, ...definition } = jsonSchemaOf(schema);
        return [named(command), { title: `data of apptool ${command}`, ...definition }];
      }),
    ),
  };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-7' }) as JsonSchema;
}

function when(command: JsonSchema, consequence: JsonSchema): JsonSchema {
  return { if: { properties: { command } }, ...consequence };
}

/** What the commands of the backends have as `data`, by the commands' whole names. */
async function dataOfBackends(backends: readonly BackendDefinition[]): Promise<Record<string, z.ZodType>> {
  const entries = backends.flatMap(({ id, commands = [] }) =>
    commands.map(async ({ name, data, writes }): Promise<[string, z.ZodType]> => {
      const own = await data();
      return [`${id} ${name}`, writes === true ? z.union([own, Planned]) : own];
    }),
  );
  return Object.fromEntries(await Promise.all(entries));
}
