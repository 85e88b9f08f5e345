// Compares what `apptool inspect` says of APKs with what aapt2 (or aapt) and apksigner say, where they are installed:
//   npm run compare -- <folder of APKs>…
// Prints how often they agree, and each disagreement that no reason below explains; exits with 1 where there is one.
// Debian has the tools in the packages `aapt` and `apksigner`.
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const APPTOOL = fileURLToPath(new URL('../bin/apptool.js', import.meta.url));
const MOST_OUTPUT = 64 * 1024 * 1024;

/** Why a disagreement is none of apptool's faults. The first that holds counts. */
const REASONS = [
  {
    says: 'aapt opens no such file, apptool reads its manifest',
    holds: ({ field, theirs, ours }) => field === 'package' && theirs === null && ours !== null,
  },
  {
    says: 'apptool shows both halves of a version code, aapt the lower one',
    holds: ({ field, ours, theirs }) => field === 'versionCode' && Number(ours) % 2 ** 32 === Number(theirs),
  },
  {
    says: 'apptool knows a label that aapt does not',
    holds: ({ field, theirs }) => field === 'label' && (theirs === null || theirs === ''),
  },
  {
    says: 'resources.arsc of more than 16 MiB is not read',
    holds: ({ field, app }) =>
      field === 'label' && app.problems.some((one) => /^cannot read resources\.arsc/.test(one)),
  },
  {
    says: 'there is no v1, which Android before 7 looks for alone; the newer schemes are true by themselves',
    holds: ({ field, app, signer }) =>
      field === 'verifies' && signer.verifiesFrom24 && app.schemes.every(({ scheme }) => scheme !== 'v1'),
  },
  {
    says: 'the Java below apksigner does not know RSASSA-PSS',
    holds: ({ field, signer }) => field === 'verifies' && /NoSuchAlgorithmException/.test(signer.text),
  },
  {
    says: 'this apksigner is older than v3.1',
    holds: ({ field, app, signer }) =>
      ['verifies', 'signers'].includes(field) &&
      !signer.knowsV31 &&
      app.schemes.some(({ scheme, reason }) => scheme === 'v3.1' || /v3\.1/.test(reason ?? '')),
  },
];

async function run(command, args) {
  return await new Promise((resolve) => {
    execFile(command, args, { maxBuffer: MOST_OUTPUT }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr }),
    );
  });
}

async function isInstalled(command) {
  return (await run(command, ['version'])).code !== 'ENOENT';
}

async function apksIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.apk$/i.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

async function askApptool(path) {
  const { code, stdout } = await run(process.execPath, [APPTOOL, 'inspect', '--json', '--', path]);
  const { data, error } = JSON.parse(stdout);
  if (code !== 0) return { refused: error?.message ?? `exit ${code}`, app: null, schemes: [], problems: [] };
  // v4 stands in a file of its own beside the APK.
  const schemes = data.signatures.filter(({ scheme }) => scheme !== 'v4');
  return { refused: null, app: data.app, schemes, problems: data.problems };
}

async function askBadging(tool, path) {
  const { code, stdout } = await run(tool, ['dump', 'badging', path]);
  const first = (pattern) => pattern.exec(stdout)?.[1] ?? null;
  const name = first(/^package: name='([^']*)'/m);
  if (name === null || code !== 0) return { package: null };
  const implied = new Set([...stdout.matchAll(/^uses-implied-permission: name='([^']*)'/gm)].map((match) => match[1]));
  const permissions = [
    ...stdout.matchAll(/^uses-permission(?:-sdk-23)?: name='([^']*)'(?: maxSdkVersion='(\d+)')?/gm),
  ].filter((match) => !implied.has(match[1]));
  return {
    package: name,
    versionCode: first(/ versionCode='([^']*)'/),
    versionName: first(/ versionName='([^']*)'/),
    minSdk: first(/^(?:sdkVersion|minSdkVersion):'([^']*)'/m),
    targetSdk: first(/^targetSdkVersion:'([^']*)'/m),
    debuggable: /^application-debuggable/m.test(stdout),
    testOnly: /^testOnly='(?!0)/m.test(stdout),
    permissions: permissions.map((match) => `${match[1]}<${match[2] ?? ''}`),
    label: first(/^application: label='([^']*)'/m),
  };
}

/** Its first line is the verdict; some versions fail later, when they print a certificate that is not there. */
async function askApksigner(path) {
  const ask = async (...more) => await run('apksigner', ['verify', '--verbose', '--print-certs', ...more, path]);
  const isVerified = ({ stdout }) => /^Verifies$/m.test(stdout);
  const answer = await ask();
  const verifies = isVerified(answer);
  const verifiesFrom24 = verifies || isVerified(await ask('--min-sdk-version', '24'));
  const text = `${answer.stdout}\n${answer.stderr}`;
  const signers = [...text.matchAll(/^Signer .*certificate SHA-256 digest: (\w+)$/gm)].map((match) => match[1]);
  return { verifies, verifiesFrom24, signers, knowsV31: /v3\.1/.test(text), text };
}

/** The widest of a permission that stands twice, as Android takes it. */
function widest(permissions) {
  const most = new Map();
  for (const one of permissions) {
    const [name, max] = one.split('<');
    const limit = max === '' ? Number.POSITIVE_INFINITY : Number(max);
    most.set(name, Math.max(limit, most.get(name) ?? 0));
  }
  return [...most].map(([name, max]) => `${name}<${max}`).sort();
}

function fieldsOfApp({ app }) {
  if (app === null) return { package: null };
  const text = (value) => (value === null ? null : String(value));
  return {
    package: app.packageName,
    versionCode: text(app.versionCode),
    versionName: app.versionName ?? '',
    minSdk: text(app.minSdk),
    targetSdk: text(app.targetSdk),
    debuggable: app.debuggable,
    testOnly: app.testOnly,
    permissions: widest(app.permissions.map(({ name, maxSdk }) => `${name}<${maxSdk ?? ''}`)),
    label: app.label ?? '',
  };
}

function fieldsOfBadging(badging) {
  if (badging.package === null) return { package: null };
  return {
    ...badging,
    versionCode: badging.versionCode === '' ? null : badging.versionCode,
    versionName: badging.versionName ?? '',
    permissions: widest(badging.permissions),
    label: badging.label ?? '',
  };
}

/** Whether everything in it is true, and who signed: what `--expect-signer` asks. In v3 and v3.1 signers take turns by the Android version. */
function fieldsOfSchemes({ schemes }) {
  const newest = schemes.at(-1);
  const verifies = newest?.verified === true && schemes.every(({ verified }) => verified !== false);
  const takeTurns = schemes.filter(({ scheme }) => scheme.startsWith('v3'));
  const decisive = takeTurns.length > 0 ? takeTurns : schemes.slice(-1);
  return { verifies, takeTurns, signers: decisive.flatMap(({ signers }) => signers.map(({ sha256 }) => sha256)) };
}

/** apksigner does not name all of the signers who take turns. */
function areSameSigners(ours, theirs, takeTurns) {
  const areAmong = theirs.length > 0 && theirs.every((one) => ours.includes(one));
  return areAmong && (takeTurns.length > 0 || ours.every((one) => theirs.includes(one)));
}

async function compare(path, { badgingTool, hasApksigner }) {
  const app = await askApptool(path);
  const found = [];
  const note = (field, ours, theirs, signer) => {
    const isSame = JSON.stringify(ours) === JSON.stringify(theirs);
    const reason = isSame ? null : REASONS.find(({ holds }) => holds({ field, ours, theirs, app, signer }));
    found.push({ path, field, ours, theirs, isSame, reason: reason?.says ?? null });
  };
  if (badgingTool !== null) {
    const [ours, theirs] = [fieldsOfApp(app), fieldsOfBadging(await askBadging(badgingTool, path))];
    note('package', ours.package, theirs.package);
    const isBoth = ours.package !== null && theirs.package !== null;
    if (isBoth) for (const field of Object.keys(ours).slice(1)) note(field, ours[field], theirs[field]);
  }
  if (hasApksigner) {
    const signer = await askApksigner(path);
    const { verifies, signers, takeTurns } = fieldsOfSchemes(app);
    note('verifies', verifies, signer.verifies, signer);
    if (verifies && signer.verifies)
      note('signers', signers, areSameSigners(signers, signer.signers, takeTurns) ? signers : signer.signers, signer);
  }
  return found;
}

async function compareAll(paths, tools) {
  const rest = paths.values();
  const found = [];
  const work = async () => {
    for (const path of rest) found.push(...(await compare(path, tools)));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return found;
}

function printTable(found) {
  console.log('\n| field | compared | the same | explained | not explained |\n|---|---|---|---|---|');
  for (const field of new Set(found.map((one) => one.field))) {
    const all = found.filter((one) => one.field === field);
    const same = all.filter(({ isSame }) => isSame).length;
    const explained = all.filter(({ reason }) => reason !== null).length;
    console.log(`| ${field} | ${all.length} | ${same} | ${explained} | ${all.length - same - explained} |`);
  }
  for (const { says } of REASONS) {
    const count = found.filter(({ reason }) => reason === says).length;
    if (count > 0) console.log(`\n${count} × ${says}`);
  }
}

const folders = process.argv.slice(2);
const badgingTool = (await isInstalled('aapt2')) ? 'aapt2' : (await isInstalled('aapt')) ? 'aapt' : null;
const hasApksigner = await isInstalled('apksigner');
if (folders.length === 0 || (badgingTool === null && !hasApksigner)) {
  console.error('usage: npm run compare -- <folder of APKs>…, with aapt2, aapt or apksigner installed');
  process.exit(2);
}
const paths = (await Promise.all(folders.map(apksIn))).flat();
console.log(
  `${paths.length} APKs, compared with ${[badgingTool, hasApksigner && 'apksigner'].filter(Boolean).join(' and ')}`,
);
const found = await compareAll(paths, { badgingTool, hasApksigner });
printTable(found);
const unexplained = found.filter(({ isSame, reason }) => !isSame && reason === null);
for (const { path, field, ours, theirs } of unexplained)
  console.log(
    `\n${relative(process.cwd(), path)}: ${field}\n  apptool ${JSON.stringify(ours)}\n  theirs  ${JSON.stringify(theirs)}`,
  );
process.exit(unexplained.length === 0 ? 0 : 1);
