import * as z from 'zod';
import { defineBackend } from '../../contract/backend/definition.ts';
import { wholeNumber, yesOrNo } from '../setting-types.ts';
import { commands } from './commands/index.ts';
import { JOB_ID } from './job-id.ts';
import { TENANT_ID } from './tenant-id.ts';

export const apptegoManagement = defineBackend({
  id: 'apptego-management',
  title: 'AppTego protection (Management API)',
  docsUrl: 'https://portal.apptego.com/docs/management-api/overview.html',
  capabilities: {
    files: ['apk', 'aab', 'ipa'],
    // "reject files over 2 GB": Management API, "Request An Upload URL". 2 GB is read as 2 GiB [assumed]: the server decides in between.
    limit: { bytes: 2 * 1024 ** 3, words: '2 GB' },
    download: true,
    protects: true,
    // A row is made when the object has arrived [assumed].
    appearsLate: true,
    accepts: ['environment', 'signingKey'],
    milestones: [],
  },
  settings: z.strictObject({
    apiUrl: z
      .string()
      .default('https://app.apptego.com/frontend')
      .describe('Base address of the Management API, with or without /frontend'),
    tenant: z
      .string()
      .regex(TENANT_ID, 'must be the id of a tenant')
      .optional()
      .describe('Tenant that the token belongs to'),
    awaitsSigning: yesOrNo
      .default(false)
      .describe(
        'Wait for the signature of a build that was sent to builds sign: "success: false" without a reason is no failure',
      ),
    weeklyBuilds: wholeNumber
      .optional()
      .describe('Builds that the plan allows for a platform and an environment in 7 days; default: 10 of a Team plan'),
  }),
  variables: { apiUrl: 'APPTEGO_MANAGEMENT_URL', tenant: 'APPTEGO_TENANT' },
  addresses: ['apiUrl'],
  decisive: ['tenant'],
  // "Upload The Binary", "Download Protected App".
  otherHosts:
    "the host of the signed URLs, where uploads and downloads go: apps.apptego.com in AppTego's documentation",
  firstSettings: [{ key: 'tenant' }],
  credentials: [
    {
      name: 'tokenKey',
      variable: 'APPTEGO_TOKEN_KEY',
      label: 'AppTego token key',
      form: 'the key of an API token, raw; it needs the permission Builds to change anything',
      problemOf: pairProblem,
    },
    {
      name: 'tokenSecret',
      variable: 'APPTEGO_TOKEN_SECRET',
      label: 'AppTego token secret',
      form: 'the secret of the same token, raw',
      problemOf: () => null,
    },
  ],
  jobId: JOB_ID,
  jobIdForm: '<version>/<platform>/<start time>/<name>',
  commands,
  create: async (input) => (await import('./adapter.ts')).createManagement(input),
  sandbox: async (tools) => (await import('./sandbox.ts')).createManagementSandbox(tools),
});

/** The API wants base64 of `key:secret`, which is made here: a key with a colon is the pair already. */
function pairProblem(value: string): string | null {
  return value.includes(':') ? 'holds a colon: give the key alone, and the secret in APPTEGO_TOKEN_SECRET' : null;
}
