import { defineBackend } from '../../contract/backend/definition.ts';
import { IgniteSettings } from './settings.ts';

/** What is required of the app's metadata and does not stand in its APK. */
const DESCRIBED_BY_HAND = [
  'category',
  'shortDescription',
  'iconUrl',
  'developer',
  'email',
  'websiteUrl',
  'marketUrl',
  'privacyPolicyUrl',
];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Approvals take hours to days: nobody needs to know them by the second (ms). */
const APPROVAL_POLL_MS = 60_000;

export const ignite = defineBackend({
  id: 'ignite',
  title: 'Digital Turbine Ignite (App Management API)',
  docsUrl: 'https://docs.digitalturbine.com/dt-ignite/app-management-api',
  capabilities: {
    files: ['apk'],
    limit: null,
    download: false,
    protects: false,
    accepts: [],
    milestones: [
      { name: 'uploaded' },
      { name: 'samsung', pollIntervalMs: APPROVAL_POLL_MS },
      { name: 'approved', pollIntervalMs: APPROVAL_POLL_MS },
    ],
  },
  settings: IgniteSettings,
  variables: { accountUrl: 'IGNITE_ACCOUNT_URL', apiUrl: 'IGNITE_API_URL' },
  addresses: ['accountUrl', 'apiUrl'],
  decisive: ['packageName', 'variantSegmentIds'],
  firstSettings: [
    ...['fallbackUrl', 'variantSegmentIds', 'sendToSamsung'].map((key) => ({ key })),
    ...DESCRIBED_BY_HAND.map((key) => ({ key, orIn: 'storeMetadata' })),
  ],
  credentials: [
    {
      name: 'clientId',
      variable: 'IGNITE_CLIENT_ID',
      label: 'Ignite client id',
      form: 'a UUID',
      problemOf: (value) => (UUID.test(value) ? null : 'is malformed: expected a UUID'),
    },
    {
      name: 'clientSecret',
      variable: 'IGNITE_CLIENT_SECRET',
      label: 'Ignite client secret',
      form: 'as your DT representative gave it',
      // A secret may have any form: where the two are swapped, the id is refused for its own.
      problemOf: () => null,
    },
  ],
  jobId: /^[A-Za-z0-9._-]{1,128}$/,
  jobIdForm: '<UUID>',
  create: async (input) => (await import('./adapter.ts')).createIgnite(input),
  sandbox: async (tools) => (await import('./sandbox.ts')).createIgniteSandbox(tools),
});
