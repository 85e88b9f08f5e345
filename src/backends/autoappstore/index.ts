import * as z from 'zod';
import { defineBackend } from '../../contract/backend/definition.ts';
import { commands } from './commands/index.ts';
import { ID } from './id.ts';

/** Nobody is asked every few seconds whether a person has decided. */
const HUMAN_POLL_MS = 60_000;

export const autoappstore = defineBackend({
  id: 'autoappstore',
  title: 'AutoAppStore (CI upload API)',
  docsUrl: 'https://docs.autoappstore.com/api-reference/',
  capabilities: {
    files: ['apk'],
    // "Platform size limit", without a number: "App requirements".
    limit: null,
    download: false,
    protects: false,
    // "Production signature required": unsigned and debug-signed files are answered with 422. "App requirements".
    signature: 'release',
    accepts: [],
    milestones: [
      { name: 'validated' },
      { name: 'approved', pollIntervalMs: HUMAN_POLL_MS },
      { name: 'live', pollIntervalMs: HUMAN_POLL_MS },
    ],
  },
  settings: z.strictObject({
    apiUrl: z.string().default('https://api.autoappstore.com/portal/api').describe('Base address of the CI upload API'),
    passedStatus: z
      .string({ error: 'expected a text' })
      .min(1, 'is empty')
      .optional()
      .describe('The status that means passed; default: passed, success, completed, ok and similar words'),
  }),
  variables: { apiUrl: 'AUTOAPPSTORE_API_URL' },
  addresses: ['apiUrl'],
  credentials: [
    {
      name: 'token',
      variable: 'AUTOAPPSTORE_TOKEN',
      fallback: 'CI_UPLOAD_TOKEN',
      label: 'AutoAppStore CI token',
      form: 'the CI token as the portal showed it, without "Bearer"',
      problemOf: () => null,
    },
  ],
  jobId: ID,
  jobIdForm: '<id of the version>',
  commands,
  create: async (input) => (await import('./adapter.ts')).createAutoappstore(input),
  sandbox: async (tools) => (await import('./sandbox.ts')).createAutoappstoreSandbox(tools),
});
