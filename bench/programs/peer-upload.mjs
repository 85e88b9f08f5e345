// A file uploaded by another program's library in parts of 10 MiB, 4 at once, and its SHA-256 in a thread beside it, as apptool does it.
// Usage: <lib-storage|minio> <folder of its packages> <origin> <file>
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const PART_BYTES = 10_485_760;
const [name, folder, origin, path] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { hostname, port, protocol } = new URL(origin);

const HASH = `
const { parentPort, workerData } = require('node:worker_threads');
const { createHash } = require('node:crypto');
const { openSync, readSync } = require('node:fs');
const fd = openSync(workerData);
const buffer = Buffer.allocUnsafeSlow(1024 * 1024);
const hash = createHash('sha256');
for (let length; (length = readSync(fd, buffer)) > 0; ) hash.update(buffer.subarray(0, length));
parentPort.postMessage(hash.digest('hex'));
`;

async function byLibStorage() {
  const { S3Client } = require('@aws-sdk/client-s3');
  const { Upload } = require('@aws-sdk/lib-storage');
  const client = new S3Client({
    endpoint: origin,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    // Another checksum than ours would be work that we do not do.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const params = { Bucket: 'bench', Key: 'app.apk', Body: createReadStream(path) };
  await new Upload({ client, params, partSize: PART_BYTES, queueSize: 4 }).done();
  client.destroy();
}

async function byMinio() {
  const { Client } = require('minio');
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: protocol === 'https:',
    accessKey: 'bench',
    secretKey: 'bench',
    region: 'us-east-1',
    partSize: PART_BYTES,
  });
  await client.fPutObject('bench', 'app.apk', path);
}

const hashed = new Promise((resolve, reject) => {
  new Worker(HASH, { eval: true, workerData: path }).once('message', resolve).once('error', reject);
});
await Promise.all([hashed, name === 'minio' ? byMinio() : byLibStorage()]);
process.exit(0);
