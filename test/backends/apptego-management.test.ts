import { apptegoManagement } from '../../src/backends/apptego-management/index.ts';
import { testAdapter } from '../support/conformance.ts';

testAdapter({
  definition: apptegoManagement,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/frontend\/upload_application_build$/ },
  status: { method: 'POST', path: /\/frontend\/get_application_builds$/ },
  withUnknownStatus: (answer) => ({
    ...answer,
    results: (answer.results as object[]).map((row) => ({ ...row, success: 'paused' })),
  }),
  unknownId: 'production/android/1500000000/app-release.apk',
});
