import { autoappstore } from '../../src/backends/autoappstore/index.ts';
import { apkOfVersion } from '../support/apk-version.ts';
import { testAdapter } from '../support/conformance.ts';

testAdapter({
  definition: autoappstore,
  fixture: 'v1.apk',
  makeOther: (path) => apkOfVersion(path, 43),
  create: { method: 'POST', path: /\/uploads\/ci$/ },
  status: { method: 'GET', path: /\/versions\/[^/]+$/ },
  withUnknownStatus: (answer) => ({ ...answer, status: 'in_quarantine' }),
  statusUntil: 'approved',
  unknownId: 'b1c2',
});
