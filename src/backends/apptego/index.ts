import * as z from 'zod';
import { defineBackend } from '../../contract/backend/definition.ts';

export const apptego = defineBackend({
  id: 'apptego',
  title: 'AppTego protection (Automation API)',
  docsUrl: 'https://portal.apptego.com/docs/automation-api/overview.html',
  capabilities: {
    files: ['apk', 'aab', 'ipa'],
    // "reject files over 2 GB": Automation API, "Request Body". 2 GB is read as 2 GiB [assumed]: the server decides in between.
    limit: { bytes: 2 * 1024 ** 3, words: '2 GB' },
    download: true,
    protects: true,
    // "A newly uploaded job can briefly return 404": "Check Status".
    appearsLate: true,
    accepts: ['environment', 'signingKey'],
    milestones: [],
  },
  settings: z.strictObject({
    apiUrl: z.string().default('https://api.apptego.com').describe('Base address of the Automation API'),
  }),
  variables: { apiUrl: 'APPTEGO_API_URL' },
  addresses: ['apiUrl'],
  // "Upload The Binary", "Download Protected App".
  otherHosts:
    "the host of the signed URLs, where uploads and downloads go: apps.apptego.com in AppTego's documentation",
  credentials: [
    {
      name: 'apiKey',
      variable: 'APPTEGO_API_KEY',
      label: 'AppTego key',
      form: 'key_id:key_secret, raw, not base64',
      problemOf: keyProblem,
      secretParts: (value) => [value.slice(value.indexOf(':') + 1)],
    },
  ],
  // "Automation API jobs share build capacity with portal uploads": "Rate Limits And Concurrency".
  quotaBy: 'apptego-management',
  jobId: /^[A-Za-z0-9._-]{1,128}$/,
  jobIdForm: '<number, such as 1700000000>',
  create: async (input) => (await import('./adapter.ts')).createApptego(input),
  sandbox: async (tools) => (await import('./sandbox.ts')).createApptegoSandbox(tools),
});

/** "Automation API keys use the raw key_id:key_secret pair. Do not Base64-encode": Automation API, "Authentication". */
function keyProblem(value: string): string | null {
  if (/^[^:]+:[^:]+$/.test(value)) return null;
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  if (/^[A-Za-z0-9+/_-]+=*$/.test(value) && /^[\x21-\x7e]+:[\x21-\x7e]+$/.test(decoded)) {
    return 'looks base64-encoded; the Automation API wants the raw key_id:key_secret, so decode it first';
  }
  return 'is malformed: expected key_id:key_secret';
}
