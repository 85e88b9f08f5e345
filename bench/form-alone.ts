// A file sent in one form by apptool's own transfer layer, and nothing else: no hash, no token. Usage: <origin> <file>
import { openAppArchive } from '../src/archive/archive-kind.ts';
import { realClock } from '../src/cli/process/clock.ts';
import { setEngineFlags } from '../src/cli/process/engine-flags.ts';
import { openArtifact } from '../src/transfer/artifact.ts';
import { CALL_POLICIES } from '../src/transfer/call-policy.ts';
import { createApiClient } from '../src/transfer/http/api.ts';
import { openConnections } from '../src/transfer/http/connection/dispatcher.ts';
import { uploadByForm } from '../src/transfer/upload/form-upload.ts';

setEngineFlags(process.versions.node);
const [origin = '', path = ''] = process.argv.slice(2);
const artifact = await openArtifact(path, {
  judge: async (file) => ({ kind: (await openAppArchive(file)).kind, identity: null }),
  checkSize: () => {},
});
const connections = openConnections({ httpProxy: '', httpsProxy: '', noProxy: '' }, [origin], realClock);
const api = createApiClient({ baseUrl: origin, headers: () => ({}), connections, stallTimeoutMs: 60_000 });
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
await connections.close();
