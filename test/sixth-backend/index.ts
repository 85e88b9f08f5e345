import * as z from 'zod';
import { defineBackend } from '../../src/contract/backend/definition.ts';

/** A backend that nobody has, written as CONTRIBUTING says: a folder, and one line where backends are listed. */
export const depot = defineBackend({
  id: 'depot',
  title: 'A depot for tests',
  docsUrl: 'https://depot.example/docs',
  capabilities: {
    files: ['apk'],
    limit: { bytes: 64 * 1024 ** 2, words: '64 MiB' },
    download: false,
    protects: false,
    accepts: ['releaseNotes', 'tags'],
    milestones: [{ name: 'checked' }, { name: 'shelved' }],
  },
  settings: z.strictObject({
    apiUrl: z.string().default('https://depot.example/api').describe('Base address of the depot'),
    shelf: z.string().default('main').describe('Where the file is put'),
  }),
  variables: { apiUrl: 'DEPOT_API_URL' },
  addresses: ['apiUrl'],
  credentials: [
    {
      name: 'token',
      variable: 'DEPOT_TOKEN',
      label: 'depot token',
      form: 'as the depot gave it',
      problemOf: () => null,
    },
  ],
  jobId: /^[0-9a-f]{1,64}$/,
  jobIdForm: '<digits and letters a to f>',
  commands: [
    {
      name: 'shelves list',
      operands: [],
      flags: ['limit'],
      summary: 'List the shelves',
      example: 'apptool depot shelves list',
      data: async () => (await import('./commands.ts')).Shelves,
      run: async (input, ctx) => (await import('./commands.ts')).listShelves(input, ctx),
    },
    {
      name: 'shelves delete',
      operands: ['shelf'],
      flags: [],
      summary: 'Delete a shelf',
      example: 'apptool depot shelves delete main',
      data: async () => (await import('./commands.ts')).DeletedShelf,
      writes: true,
      destroys: ([shelf]) => `shelf ${shelf}`,
      run: async (input, ctx) => (await import('./commands.ts')).deleteShelf(input, ctx),
    },
  ],
  create: async (input) => (await import('./adapter.ts')).createDepot(input),
  sandbox: async (tools) => (await import('./sandbox.ts')).createDepotSandbox(tools),
});
