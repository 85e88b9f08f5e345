/** What other tools call a flag of apptool's. */
export const FLAGS_ELSEWHERE: Readonly<Record<string, string>> = {
  env: 'environment',
  stage: 'environment',
  'configuration-version': 'environment',
  out: 'output',
  dest: 'output',
  'output-file': 'output',
  target: 'to',
  targets: 'to',
  destination: 'to',
  store: 'to',
  stores: 'to',
  backends: 'to',
  overwrite: 'force',
  replace: 'force',
  async: 'detach',
  'no-wait': 'detach',
  debug: 'verbose',
  trace: 'verbose',
  silent: 'quiet',
  notes: 'release-notes',
  message: 'release-notes',
  interval: 'poll-interval',
  package: 'expect-package',
  'bundle-id': 'expect-package',
  'app-id': 'expect-package',
  'version-code': 'min-version-code',
  check: 'dry-run',
  simulate: 'dry-run',
  milestone: 'until',
  parallel: 'concurrency',
  jobs: 'concurrency',
};

const AS_OPERAND = 'give the file without an option, right after the command';
const CERTIFICATES = "certificates are always checked; for a company's own CA set NODE_EXTRA_CA_CERTS";
const ADDRESSES = 'addresses have variables of their own; apptool backends lists them';

/** What other tools have a setting for, and apptool has none: by its name. */
export const NO_SETTINGS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['url', 'api-url', 'base-url', 'host', 'endpoint', 'server'].map((word) => [word, ADDRESSES])),
  ...Object.fromEntries(
    ['insecure', 'no-verify', 'no-check-certificate', 'ca', 'cacert', 'cert'].map((word) => [word, CERTIFICATES]),
  ),
  ...Object.fromEntries(
    ['retry', 'retries', 'max-retries'].map((word) => [word, 'apptool retries by itself; --timeout limits the wait']),
  ),
  proxy: 'set HTTPS_PROXY to the proxy, such as http://host:port',
  wait: 'protect and publish wait by themselves; --detach stops after the upload',
};

/** The same for flags, with what is no flag here. */
export const NO_OPTIONS: Readonly<Record<string, string>> = {
  ...NO_SETTINGS,
  ...Object.fromEntries(
    ['file', 'input', 'app', 'apk', 'aab', 'ipa', 'path', 'artifact'].map((word) => [word, AS_OPERAND]),
  ),
  ...Object.fromEntries(
    ['job', 'job-id', 'id', 'build'].map((word) => [
      word,
      'give the job without an option, such as apptool wait <job>',
    ]),
  ),
  ...Object.fromEntries(['format', 'output-format'].map((word) => [word, '--json prints the result as JSON'])),
};
