import { applivery } from '../../src/backends/applivery/index.ts';
import { type Conformance, testAdapter } from '../support/conformance.ts';

const COMMON = {
  definition: applivery,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/builds$/ },
  status: { method: 'GET', path: /\/builds\/[^/]+$/ },
  withUnknownStatus: (answer) => ({ ...answer, data: { ...(answer.data as object), status: 'Processed' } }),
  unknownId: '64b0c1d2e3f4a5b6c7d8e9f0',
} satisfies Conformance;

testAdapter({ ...COMMON, way: { name: 'Workspace API', variables: (all) => all, download: true } });

testAdapter({
  ...COMMON,
  way: { name: 'Integrations API', variables: ({ APPLIVERY_SERVICE_TOKEN: _, ...rest }) => rest, download: false },
});
