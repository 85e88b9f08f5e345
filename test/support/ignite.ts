import { ignite } from '../../src/backends/ignite/index.ts';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { faultProxy, type PlannedFault } from '../../src/testing/fault-proxy.ts';
import { copyFixture, temporaryFolder } from '../../src/testing/files.ts';
import { openBackend } from '../../src/testing/open-backend.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { UPLOAD } from './upload.ts';

export const TOKEN = { method: 'POST', path: /\/api\/auth\/token$/ } as const;
export const CREATE = { method: 'POST', path: /\/v1\/upload_apk\/external_user$/ } as const;
export const STATUS = { method: 'GET', path: /\/v1\/apks_external\// } as const;

/** What goes with the fixtures: `dev.apptool.fixture`, which asks for INTERNET and CAMERA. */
export const IGNITE_SETTINGS = {
  fallbackUrl: 'https://example.com/app.apk',
  variantSegmentIds: ['11111111-2222-3333-4444-555555555555', '66666666-7777-8888-9999-aaaaaaaaaaaa'],
  sendToSamsung: true,
  category: 'Tools',
  shortDescription: 'An app for tests',
  iconUrl: 'https://example.com/icon.png',
  developer: 'Example Ltd',
  email: 'dev@example.com',
  websiteUrl: 'https://example.com',
  marketUrl: 'https://store.example/app',
  privacyPolicyUrl: 'https://example.com/privacy',
  permissions: {
    internet: { en: 'Loads data', category: 'network' },
    camera: { en: 'Scans codes', category: 'camera' },
  },
} as const;

/** The backend before a sandbox, with a copy of a fixture to send and a clock that waits for nothing. */
export async function igniteWith(
  planned: readonly PlannedFault[] = [],
  settings: Readonly<Record<string, unknown>> = IGNITE_SETTINGS,
  options: Parameters<typeof sandbox>[0] = {},
) {
  const folder = await temporaryFolder();
  const box = await sandbox(options);
  const proxy = await faultProxy(box, planned);
  const backend = await openBackend(ignite, proxy.variables, 1_000, settings);
  const artifact = await artifactAt(await copyFixture('v2.apk', folder));
  const clock = fakeClock();
  const ctx = testContext({ clock });
  return {
    folder,
    box,
    proxy,
    backend,
    artifact,
    clock,
    ctx,
    plan: () => backend.adapter.plan(artifact, UPLOAD, ctx),
    upload: () => backend.adapter.upload(artifact, UPLOAD, ctx),
    /** How often a call was made. */
    count: ({ method, path }: { readonly method: string; readonly path: RegExp }): number =>
      proxy.seen.filter((one) => one.method === method && path.test(one.path)).length,
  };
}
