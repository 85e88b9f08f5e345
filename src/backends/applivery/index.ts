import { defineBackend } from '../../contract/backend/definition.ts';
import { commands } from './commands/index.ts';
import { OTHER_FILES } from './other-files.ts';
import { addressesOfTenant, Settings } from './settings.ts';

export const applivery = defineBackend({
  id: 'applivery',
  title: 'Applivery distribution (Integrations API, Workspace API)',
  docsUrl: 'https://docs.applivery.com/en/app-distribution/api/builds/upload-build',
  capabilities: {
    files: ['apk', 'aab', 'ipa'],
    otherFiles: OTHER_FILES,
    limit: null,
    // By the Workspace API alone: `Adapter.assertDownloadable` says so where it is not to be had.
    download: true,
    protects: false,
    accepts: ['releaseNotes', 'tags', 'publishLink'],
    milestones: [],
  },
  settings: Settings,
  variables: {
    api: 'APPLIVERY_API',
    organizationId: 'APPLIVERY_ORGANIZATION_ID',
    applicationId: 'APPLIVERY_APPLICATION_ID',
    storeId: 'APPLIVERY_STORE_ID',
    uploadUrl: 'APPLIVERY_UPLOAD_URL',
    apiUrl: 'APPLIVERY_API_URL',
    downloadUrl: 'APPLIVERY_DOWNLOAD_URL',
    tenant: 'APPLIVERY_TENANT',
  },
  addresses: ['uploadUrl', 'apiUrl', 'downloadUrl'],
  otherHosts: 'the host that the download address redirects to, which is not documented',
  derivedAddresses: { from: 'tenant', of: addressesOfTenant },
  decisive: ['api', 'organizationId', 'applicationId', 'storeId'],
  fileSettings: ['packageIcon'],
  firstSettings: [
    { key: 'api', isOptional: true },
    { key: 'organizationId', where: { key: 'api', is: 'workspace' } },
    { key: 'applicationId', where: { key: 'api', is: 'workspace' } },
  ],
  credentials: [
    token('appToken', 'APPLIVERY_APP_TOKEN', 'Applivery App API token'),
    token('serviceToken', 'APPLIVERY_SERVICE_TOKEN', 'Applivery Service Account token'),
  ],
  jobId: /^(?:(?<organization>[\w-]{1,128})\/(?<app>[\w-]{1,128})\/)?(?<build>[\w-]{1,128})$/,
  jobIdForm: '<build>, or <organization>/<app>/<build> of a workspace',
  commands,
  create: async (input) => (await import('./adapter.ts')).createApplivery(input),
  sandbox: async (tools) => (await import('./sandbox/index.ts')).createAppliverySandbox(tools),
});

/** Each token opens one of the two APIs. What either looks like is not documented. */
function token(name: string, variable: string, label: string) {
  return {
    name,
    variable,
    isOptional: true,
    label,
    form: 'the token alone, without "Bearer"',
    problemOf: () => null,
  } as const;
}
