// The parts of a file sent by apptool's own transfer layer, and nothing else: no hash, no API calls. Usage: <origin> <file> <parts in flight>
import { openAppArchive } from '../../src/archive/archive-kind.ts';
import { setEngineFlags } from '../../src/cli/process/engine-flags.ts';
import { openDoors } from '../../src/run/open/open-backend.ts';
import { realClock } from '../../src/run/real-clock.ts';
import { openArtifact } from '../../src/transfer/artifact.ts';
import { CALL_POLICIES } from '../../src/transfer/call-policy.ts';
import { planParts, uploadParts } from '../../src/transfer/upload/parts.ts';

const CHUNK_BYTES = 10_485_760;
setEngineFlags();
const [origin = '', path = '', inFlight = '4'] = process.argv.slice(2);
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
const { storage } = input;
const totalParts = Math.ceil(artifact.sizeBytes / CHUNK_BYTES);
const urls = Array.from({ length: totalParts }, (_, index) => `${origin}/put/${index + 1}`);
const parts = planParts({ urls, chunkSizeBytes: CHUNK_BYTES, totalParts }, artifact.sizeBytes);
const ctx = { signal: new AbortController().signal, clock: realClock, emit: () => {}, record: () => {} };
await uploadParts(
  {
    parts,
    concurrency: Number(inFlight),
    expiresAtMs: Number.POSITIVE_INFINITY,
    put: async (part, onSent, inner) => {
      const body = artifact.slice(part.start, part.end);
      const put = {
        what: 'part',
        url: part.url,
        body,
        contentType: null,
        policy: CALL_POLICIES.part,
        needsEtag: true,
        onSent,
      };
      return (await storage.put(put, inner)) ?? '';
    },
  },
  artifact,
  ctx,
);
await artifact.close();
await close();
