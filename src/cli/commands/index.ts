import type { Command } from './command.ts';

const WAITING = ['timeout', 'poll-interval', 'appear-timeout'];
const SENDING = ['environment', 'platform', 'signing-key', 'capacity-wait', 'stall-timeout', 'concurrency', 'set'];
const CHECKING = ['expect-package', 'expect-signer', 'min-version-code', 'allow-debuggable', 'allow-unfit'];
const NEWS = ['release-notes', 'release-notes-file', 'tags'];
/** Of every command that goes on with a receipt. */
const CHOOSING = ['step', 'expect-package', 'expect-input'];
/** Of every command that does something for a release. */
const REPORTS = ['github', 'gitlab-dotenv', 'junit', 'jenkins-properties'];

/** Every command, in the order in which help shows them. What a command needs is loaded when it runs. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'protect',
    operands: ['file'],
    flags: ['backend', ...SENDING, ...CHECKING, 'output', 'force', 'detach', 'receipt', ...WAITING, ...REPORTS],
    summary: 'Upload for protection, wait, fetch the protected output',
    example: 'apptool protect app-release.apk --environment prod',
    journal: 'begins',
    reports: true,
    output: 'beside-input',
    run: async (session) => (await import('./protect.ts')).protectCommand(session),
  },
  {
    name: 'upload',
    operands: ['file'],
    flags: ['to', ...SENDING, ...CHECKING, ...NEWS, 'receipt', 'appear-timeout', 'poll-interval', ...REPORTS],
    summary: 'Upload a file and print the job reference',
    example: 'apptool upload app-release.aab --to apptego --environment staging',
    journal: 'begins',
    reports: true,
    run: async (session) => (await import('./upload.ts')).uploadCommand(session),
  },
  {
    name: 'publish',
    operands: ['file'],
    flags: ['to', ...SENDING, ...CHECKING, ...NEWS, 'until', 'fail-fast', 'detach', 'receipt', ...WAITING, ...REPORTS],
    summary: 'Upload to several backends side by side, wait for each',
    example: 'apptool publish app-release.apk --to autoappstore,applivery',
    journal: 'begins',
    reports: true,
    run: async (session) => (await import('./publish.ts')).publishCommand(session),
  },
  {
    name: 'status',
    operands: ['job'],
    flags: ['until', ...CHOOSING, 'set', ...REPORTS],
    summary: 'Ask once how a job stands',
    example: 'apptool status apptego:1700000000',
    reports: true,
    run: async (session) => (await import('./jobs.ts')).statusCommand(session),
  },
  {
    name: 'wait',
    operands: ['job'],
    flags: ['until', ...WAITING, ...CHOOSING, 'receipt', 'set', ...REPORTS],
    summary: 'Wait until a job has ended',
    example: 'apptool wait apptego:1700000000 --timeout 30m',
    journal: 'goes-on',
    reports: true,
    run: async (session) => (await import('./jobs.ts')).waitCommand(session),
  },
  {
    name: 'download',
    operands: ['job'],
    flags: ['output', 'force', ...CHOOSING, 'receipt', 'stall-timeout', 'set', ...REPORTS],
    summary: "Fetch a finished job's output",
    example: 'apptool download apptego:1700000000 -o app-protected.apk',
    journal: 'goes-on',
    reports: true,
    run: async (session) => (await import('./download.ts')).downloadCommand(session),
  },
  {
    name: 'abort',
    operands: ['receipt'],
    flags: ['step', 'set', ...REPORTS],
    summary: 'Remove the parts that a killed upload left in the storage',
    example: 'apptool abort apptool-apptego-1700000000.receipt.json',
    reports: true,
    run: async (session) => (await import('./abort.ts')).abortCommand(session),
  },
  {
    name: 'inspect',
    operands: ['file'],
    flags: [...REPORTS],
    summary: 'Show what is inside an APK, AAB or IPA, and who signed it',
    example: 'apptool inspect app-release.apk --json',
    reports: true,
    run: async (session) => (await import('./inspect.ts')).inspectCommand(session),
  },
  {
    name: 'doctor',
    operands: [],
    flags: ['to', 'stall-timeout', 'set'],
    summary: 'Check settings, credentials and the way to every host',
    example: 'apptool doctor --to apptego,applivery',
    run: async (session) => (await import('./setup/doctor.ts')).doctorCommand(session),
  },
  {
    name: 'backends',
    operands: [],
    flags: [],
    summary: 'List the backends: files, limits, settings, variables',
    example: 'apptool backends --json',
    run: async (session) => (await import('./setup/backends.ts')).backendsCommand(session),
  },
  {
    name: 'init',
    operands: [],
    flags: ['to', 'environment', 'timeout', 'set', 'output', 'force'],
    summary: 'Write a first config: asks on a terminal, takes flags elsewhere',
    example: 'apptool init --to apptego --environment prod --timeout 45m',
    config: 'named',
    run: async (session) => (await import('./setup/init.ts')).initCommand(session),
  },
  {
    name: 'config show',
    operands: [],
    flags: ['set'],
    summary: 'Print every setting with its source, secrets masked',
    example: 'apptool config show -c apptool.config.json',
    run: async (session) => (await import('./setup/config.ts')).configShowCommand(session),
  },
  {
    name: 'config schema',
    operands: [],
    flags: [],
    summary: 'Print the JSON Schema of the config file',
    example: 'apptool config schema > apptool.schema.json',
    run: async (session) => (await import('./setup/config.ts')).configSchemaCommand(session),
  },
  {
    name: 'completion',
    operands: ['shell'],
    flags: [],
    summary: 'Print the completion for bash, zsh or fish',
    example: [
      'source <(apptool completion bash)      # a line of ~/.bashrc',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: zsh reads it.
      'apptool completion zsh > "${fpath[1]}/_apptool"',
      'apptool completion fish > ~/.config/fish/completions/apptool.fish',
    ].join('\n         '),
    config: 'named',
    run: async (session) => (await import('./setup/completion.ts')).completionCommand(session),
  },
  {
    name: 'sandbox',
    operands: [],
    rest: 'command…',
    flags: ['port', 'processing-time', 'appear-time', 'result', 'concurrency-limit', 'weekly-limit'],
    summary: 'Serve the backends on loopback; with a command: run it there',
    example: 'apptool sandbox -- sh release.sh app-release.apk prod',
    run: async (session) => (await import('./sandbox.ts')).sandboxCommand(session),
  },
];
