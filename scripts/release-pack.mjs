// Makes the files of a release in release/ (or in the folder that is named): the tarball, its SHA-512 as `sha512sum -c` and as npm read it, a
// CycloneDX SBOM of what is bundled, and a statement of where the tarball comes from. Run by `npm run release:pack`, which builds first.
// The same commit, lock file and version of npm make the same bytes, so anybody can check the tarball by making it again.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const isTrial = words.includes('--trial');
const folder = resolve(words.find((word) => !word.startsWith('--')) ?? join(root, 'release'));
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const run = (program, ...args) =>
  execFileSync(program, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
const write = (file, text) => writeFileSync(join(folder, file), text);
const asJson = (value) => `${JSON.stringify(value, null, 2)}\n`;

// What is in no commit cannot be made again. A trial makes the files all the same, without the statement.
if (!isTrial && run('git', 'status', '--porcelain').trim() !== '') {
  console.error('release:pack: the working tree holds changes that are in no commit; commit them, or add --trial');
  process.exit(1);
}

mkdirSync(folder, { recursive: true });
const [packed] = JSON.parse(run('npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
const tarball = packed.filename;
const bytes = readFileSync(join(folder, tarball));
const digest = createHash('sha512').update(bytes).digest();
const sha512 = digest.toString('hex');
const integrity = `sha512-${digest.toString('base64')}`;
write(`${tarball}.sha512`, `${sha512}  ${tarball}\n`);
write(`${tarball}.integrity`, `${integrity}\n`);

/** npm's SBOM of the lock file, less the tools that build and test: what is left is the bundle, whose packages are devDependencies. */
function bundledOnly(bom) {
  const bundled = JSON.parse(readFileSync(join(root, 'dist/bundled-packages.json'), 'utf8'));
  const refs = new Set(bundled.map((one) => `${one.name}@${one.version}`));
  const missing = [...refs].filter((ref) => !bom.components.some((one) => one['bom-ref'] === ref));
  if (missing.length > 0) throw new Error(`bundled, but not in npm's SBOM: ${missing.join(', ')}`);
  const components = bom.components
    .filter((one) => refs.has(one['bom-ref']))
    .map((one) => ({
      ...one,
      // They are in what is shipped, whatever they are to package.json.
      properties: one.properties?.filter((property) => property.name !== 'cdx:npm:package:development'),
    }));
  const own = bom.metadata.component['bom-ref'];
  const dependencies = bom.dependencies
    .filter(({ ref }) => ref === own || refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  const component = {
    ...bom.metadata.component,
    type: 'application',
    name,
    hashes: [{ alg: 'SHA-512', content: sha512 }],
  };
  return { ...bom, metadata: { ...bom.metadata, component }, components, dependencies };
}

const bom = JSON.parse(run('npm', 'sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'));
write(`${name}-${version}.cdx.json`, asJson(bundledOnly(bom)));

/** An in-toto statement with SLSA's provenance (slsa.dev/spec/v1.0/provenance), unsigned: whoever releases signs it with a key of theirs. */
function provenance() {
  const lock = createHash('sha512')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: tarball, digest: { sha512 } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `urn:${name}:release-pack:1`,
        externalParameters: { command: 'npm ci --ignore-scripts && npm run release:pack' },
        internalParameters: { node: process.version, npm: run('npm', '--version').trim() },
        resolvedDependencies: [
          { name: 'commit', digest: { gitCommit: run('git', 'rev-parse', 'HEAD').trim() } },
          { name: 'package-lock.json', digest: { sha512: lock } },
        ],
      },
      runDetails: { builder: { id: `urn:${name}:builder:unsigned` } },
    },
  };
}

if (!isTrial) write(`${tarball}.intoto.json`, asJson(provenance()));
console.log(`${join(folder, tarball)}\n${integrity}`);
