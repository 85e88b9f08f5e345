// A file sent in one form by apptool's own transfer layer, and nothing else: no hash, no token. Usage: <origin> <file>
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { setEngineFlags } from '../../src/cli/process/engine-flags.ts';
import { openDoors } from '../../src/run/open/open-backend.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { openArtifact } from '../../src/transfer/artifact.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { uploadByForm } from '../../src/transfer/upload/form-upload.ts';

setEngineFlags();
const [origin = '', path = ''] = process.argv.slice(2);
const artifact = await openArtifact(path, {
  judge: async (file) => ({ kind: (await openAppArchive(file)).kind, identity: null }),
  checkSize: () => {},
});
const { input, close } = openDoors(
  {
    settings: {},
    credentials: {},
    network: { proxies: { httpProxy: '', httpsProxy: '', noProxy: '' }, stallTimeoutMs: 60_000, clock: realClock },
    build: async () => Promise.reject(new Error('nobody asks for the build')),
    conceal: () => {},
    concealAddress: () => {},
  },
  [origin],
);
const api = input.api({ baseUrl: origin, headers: () => ({}) });
const ctx = { signal: new AbortController().signal, clock: realClock, emit: () => {}, record: () => {} };
await uploadByForm(
  {
    api,
    path: '/v1/integrations/builds',
    policy: CALL_POLICIES.create,
    answer: { safeParse: (data) => ({ success: true, data }) },
    artifact,
    fields: [],
    file: { name: 'build', contentType: 'application/octet-stream' },
    jobOf: () => 'bench',
    ifLost: '',
  },
  ctx,
);
await artifact.close();
await close();
