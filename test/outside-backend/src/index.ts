import { defineBackend, z } from 'apptool/backend-kit';

export const quay = defineBackend({
  id: 'quay',
  title: 'Quay, a store',
  docsUrl: 'https://quay.example/docs',
  capabilities: {
    files: ['apk'],
    limit: { bytes: 200_000_000, words: '200 MB' },
    download: false,
    protects: false,
    accepts: ['releaseNotes'],
    milestones: [],
  },
  settings: z.strictObject({
    apiUrl: z.string().default('https://quay.example/api').describe('Base address of the store'),
    berth: z.string().default('main').describe('Where the file is put'),
  }),
  variables: { apiUrl: 'QUAY_API_URL' },
  addresses: ['apiUrl'],
  firstSettings: [{ key: 'berth' }],
  credentials: [
    {
      name: 'token',
      variable: 'QUAY_TOKEN',
      label: 'Quay token',
      form: 'as the store gave it: quay- and 24 hexadecimal digits',
      problemOf: (value) =>
        /^quay-[0-9a-f]{24}$/.test(value) ? null : 'is malformed: expected quay-…',
    },
  ],
  jobId: /^[0-9a-f]{1,64}$/,
  jobIdForm: '<digits and letters a to f>',
  create: async (input) => (await import('./adapter.js')).createQuay(input),
  sandbox: async (tools) => (await import('./sandbox.js')).createQuaySandbox(tools),
});
