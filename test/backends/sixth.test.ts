import { depot } from '../sixth-backend/index.ts';
import { testAdapter } from '../support/conformance.ts';

testAdapter({
  definition: depot,
  fixture: 'v2.apk',
  create: { method: 'POST', path: /\/files$/ },
  status: { method: 'GET', path: /\/files\// },
  withUnknownStatus: (answer) => ({ ...answer, status: 'Dusty' }),
  unknownId: 'ffff',
});
