import * as z from 'zod';
import { backends } from '../../backends/index.ts';
import { EventRecord } from '../../contract/events.ts';
import { Receipt } from '../../contract/record/journal.ts';
import { backendCommandTexts } from '../commands/backend/backend-command-texts.ts';
import type { BackendCommandText } from '../commands/command.ts';
import { COMMANDS } from '../commands/index.ts';
import { readyPages } from '../line/ready-pages.ts';
import { referencePage } from '../line/reference-page.ts';
import { textsFromSchema } from '../line/setting-texts-from-schema.ts';
import { configJsonSchema } from '../settings/config/config-schema.ts';
import { variablesOf } from '../settings/credentials.ts';
import { fleetJsonSchema } from '../settings/fleet/fleet-schema.ts';
import { InspectDocument } from './inspect-document.ts';
import { resultJsonSchema } from './result-schema.ts';

export { textsFromSchema };

/** The JSON Schemas that ship in the package, by file name. */
export async function publishedSchemas(): Promise<Readonly<Record<string, object>>> {
  return {
    'config.schema.json': configJsonSchema(backends),
    'fleet.schema.json': fleetJsonSchema(),
    'result.schema.json': await resultJsonSchema(backends),
    'events.schema.json': {
      ...z.toJSONSchema(EventRecord, { target: 'draft-7' }),
      title: 'One line of apptool --events, version 1',
    },
    'receipt.schema.json': {
      ...z.toJSONSchema(Receipt, { target: 'draft-7' }),
      title: 'apptool receipt, version 2',
    },
    'inspect.schema.json': {
      ...z.toJSONSchema(InspectDocument, { target: 'draft-7' }),
      title: 'apptool inspect --json result, version 1',
    },
  };
}

/** What help says of the commands of the backends that come with apptool. */
export function builtinCommandTexts(): readonly BackendCommandText[] {
  return backendCommandTexts(backends);
}

/** What is printed without running anything, for the backends that come with apptool. */
export function builtinPages(): Readonly<Record<string, string>> {
  return readyPages([...COMMANDS, ...builtinCommandTexts()], textsFromSchema());
}

/** `docs/reference.md`, for the backends that come with apptool. */
export function reference(): string {
  const commands = [...COMMANDS, ...backendCommandTexts(backends)];
  return referencePage({ commands, backends, texts: textsFromSchema(), variablesOf });
}
