import type { BackendCommand, CredentialSpec } from '../definition.ts';
import type { ManagementSettings } from './api.ts';
import { buildKeyOf, jobIdOf } from './job-id.ts';

const PASSWORD: CredentialSpec = {
  name: 'keyPassword',
  variable: 'APPTEGO_SIGNING_KEY_PASSWORD',
  label: 'signing key password',
  form: 'the password of the key file',
  isPassword: true,
  problemOf: () => null,
};

/** What only this backend can do: `apptool apptego-management …`. */
export const commands: readonly BackendCommand<ManagementSettings>[] = [
  {
    name: 'apps list',
    operands: [],
    flags: ['limit', 'set'],
    summary: "List the tenant's applications",
    example: 'apptool apptego-management apps list --json',
    run: async (input, ctx) => (await import('./commands-apps.ts')).listApps(input, ctx),
  },
  {
    name: 'apps delete',
    operands: ['application'],
    flags: ['set'],
    summary: 'Delete an application record, from 7 days after its creation on',
    example: 'apptool apptego-management apps delete app-uuid-1234 --yes',
    destroys: ([application]) => `application ${application}`,
    run: async (input, ctx) => (await import('./commands-apps.ts')).deleteApp(input, ctx),
  },
  {
    name: 'builds list',
    operands: [],
    flags: ['environment', 'limit', 'set'],
    summary: 'List builds, the newest first; of one environment, or of all',
    example: 'apptool apptego-management builds list --environment prod --limit 10',
    run: async (input, ctx) => (await import('./commands-builds.ts')).listBuilds(input, ctx),
  },
  {
    name: 'builds delete',
    operands: ['build'],
    flags: ['set'],
    summary: 'Delete a build and its output',
    example: 'apptool apptego-management builds delete production/android/1700000000/app-release.apk --yes',
    destroys: ([build]) => `build ${jobIdOf(buildKeyOf(build ?? ''))} and its output`,
    run: async (input, ctx) => (await import('./commands-builds.ts')).deleteBuild(input, ctx),
  },
  {
    name: 'builds sign',
    operands: ['build'],
    flags: ['set'],
    summary: 'Have a finished build signed with the legacy file of its application',
    example: 'apptool apptego-management builds sign production/android/1700000000/app-release.apk',
    run: async (input, ctx) => (await import('./commands-builds.ts')).signBuild(input, ctx),
  },
  {
    name: 'keys list',
    operands: [],
    flags: ['limit', 'set'],
    summary: 'List the signing keys',
    example: 'apptool apptego-management keys list',
    run: async (input, ctx) => (await import('./commands-keys.ts')).listKeys(input, ctx),
  },
  {
    name: 'keys add',
    operands: ['file'],
    flags: ['name', 'platform', 'alias', 'default', 'stall-timeout', 'set'],
    summary: 'Add a signing key; its password is read from APPTEGO_SIGNING_KEY_PASSWORD',
    example: 'apptool apptego-management keys add release.jks --name Release --platform android --alias release',
    credentials: [PASSWORD],
    run: async (input, ctx) => (await import('./commands-add-key.ts')).addKey(input, ctx),
  },
  {
    name: 'keys set-default',
    operands: ['key'],
    flags: ['platform', 'set'],
    summary: "Make a key its platform's default; none clears the default of --platform",
    example: 'apptool apptego-management keys set-default key-uuid-1234',
    run: async (input, ctx) => (await import('./commands-keys.ts')).setDefaultKey(input, ctx),
  },
  {
    name: 'keys delete',
    operands: ['key'],
    flags: ['set'],
    summary: 'Delete a signing key',
    example: 'apptool apptego-management keys delete key-uuid-1234 --yes',
    destroys: ([key]) => `signing key ${key}`,
    run: async (input, ctx) => (await import('./commands-keys.ts')).deleteKey(input, ctx),
  },
  {
    name: 'code-signing upload',
    operands: ['application', 'file'],
    flags: ['platform', 'alias', 'stall-timeout', 'set'],
    summary: 'Upload the legacy signing file of an application; for what is new, use keys add',
    example:
      'apptool apptego-management code-signing upload app-uuid-1234 release.jks --platform android --alias release',
    credentials: [PASSWORD],
    run: async (input, ctx) => (await import('./commands-add-key.ts')).uploadCodeSigningFile(input, ctx),
  },
];
