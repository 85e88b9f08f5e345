// A fleet of many apps, and the receipts of a wave: what `fleet plan` and `fleet status` read.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STORES = ['autoappstore', 'applivery', 'ignite'];
/** What went to another host is left out of a plan. */
const HOSTS = {
  apptego: 'api.apptego.com',
  autoappstore: 'api.autoappstore.com',
  applivery: 'upload.applivery.io',
  ignite: 'account.digitalturbine.com',
};
const FILE_BYTES = 64 * 1024;
const NOW = new Date().toISOString();

/** Writes it all below `folder`, and gives the flags by which it is found. */
export function makeFleet(folder, count) {
  const receipts = join(folder, 'receipts');
  mkdirSync(receipts, { recursive: true });
  const apps = {};
  for (let number = 1; number <= count; number += 1) {
    const id = `app${number}`;
    mkdirSync(join(folder, 'out', id), { recursive: true });
    const bytes = randomBytes(FILE_BYTES);
    writeFileSync(join(folder, 'out', id, 'app.apk'), bytes);
    apps[id] = { file: `out/${id}/*.apk`, package: `com.example.${id}` };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    // Every tenth app has a store that refused it.
    writeFileSync(join(receipts, `${id}.json`), JSON.stringify(receiptOf(id, sha256, number % 10 === 0)));
  }
  const fleet = join(folder, 'apptool.fleet.json');
  const config = join(folder, 'fleet.config.json');
  const release = { protect: { backend: 'apptego', environment: 'prod', signingKey: 'release' }, publish: STORES };
  writeFileSync(fleet, JSON.stringify({ defaults: { release: 'production', slots: 2, weekly: 2 * count }, apps }));
  writeFileSync(config, JSON.stringify({ releases: { production: release } }));
  return { plan: join(folder, 'plan.json'), receipts, flags: ['--fleet', fleet, '-c', config] };
}

function receiptOf(id, sha256, isRefused) {
  const name = 'app.apk';
  const file = { name, size: FILE_BYTES, packageName: `com.example.${id}`, versionName: '1.0', versionCode: 1 };
  const steps = STORES.map((store, index) => stepOf('publish', store, isRefused && index === 0));
  return {
    receiptVersion: 2,
    tool: { name: 'apptool', version: '0.1.0' },
    updatedAt: NOW,
    environment: 'prod',
    release: { name: 'production', definition: '0'.repeat(64) },
    input: { ...file, sha256, platform: 'android' },
    output: { ...file, sha256: sha256.replace(/^./, 'f') },
    steps: [{ ...stepOf('protect', 'apptego', false), stage: 'production' }, ...steps],
    runs: [{ command: 'fleet run', version: '0.1.0', startedAt: NOW, updatedAt: NOW, ended: null, retries: 0 }],
  };
}

function stepOf(action, backend, isRefused) {
  const done = {
    job: { ref: `${backend}:1700000000`, id: '1700000000', details: {} },
    state: { phase: 'succeeded', status: 'done' },
    accepted: true,
    ended: { exitCode: 0, errorClass: null },
  };
  const refused = { job: null, state: null, ended: { exitCode: 5, errorClass: 'rejected', message: 'no' } };
  return {
    id: `${action}:${backend}`,
    action,
    backend,
    host: HOSTS[backend],
    sha256: null,
    unfinished: null,
    startedAt: NOW,
    acceptedAt: NOW,
    updatedAt: NOW,
    ...(isRefused ? refused : done),
  };
}
