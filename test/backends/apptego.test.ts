import { apptego } from '../../src/backends/apptego/index.ts';
import { testAdapter } from '../support/conformance.ts';

testAdapter({
  definition: apptego,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/automate\/upload$/ },
  status: { method: 'GET', path: /\/automate\/status\// },
  withUnknownStatus: (answer) => ({ ...answer, status: 'Completed' }),
  unknownId: '1500000000',
});
