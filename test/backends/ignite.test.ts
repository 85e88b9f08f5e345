import { ignite } from '../../src/backends/ignite/index.ts';
import { testAdapter } from '../support/conformance.ts';
import { CREATE, IGNITE_SETTINGS, STATUS } from '../support/ignite.ts';

interface Answer {
  readonly data: { readonly attributes: Readonly<Record<string, unknown>> };
}

testAdapter({
  definition: ignite,
  fixture: 'v2.apk',
  create: CREATE,
  status: STATUS,
  withUnknownStatus: (answer) => {
    const { data } = answer as unknown as Answer;
    return { data: { ...data, attributes: { ...data.attributes, upload_status: 'Completed' } } };
  },
  unknownId: '820f2060-d373-4bdc-8de3-cdfa17d12a07',
  settings: IGNITE_SETTINGS,
});
