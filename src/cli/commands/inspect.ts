import type { AndroidFacts, IosFacts } from '../../archive/inspect.ts';
import type { SignatureScheme } from '../../archive/signature/signature-scheme.ts';
import type { InputRecord } from '../../contract/record/journal.ts';
import { formatSize } from '../../contract/text/units.ts';
import { inspect } from '../../run/inspect.ts';
import type { CommandResult } from '../line/command.ts';
import type { Session } from '../session/session.ts';

type Row = readonly [name: string, value: string | number | boolean | null];

/** `apptool inspect <file>` */
export async function inspectCommand(session: Session): Promise<CommandResult> {
  const { ctx, invocation } = session;
  const facts = await inspect(invocation.operands[0] ?? '', ctx);
  const rows = [
    ['kind', facts.kind.toUpperCase()] as const,
    ...(facts.kind === 'ipa' ? iosRows(facts) : androidRows(facts)),
    ...fileRows(ctx.journal.artifact),
  ];
  return { text: rows.map(asLine).join('\n'), data: facts };
}

function androidRows({ app, abis, signatures }: AndroidFacts): Row[] {
  const appRows: Row[] =
    app === null
      ? []
      : [
          ['package', app.packageName],
          ['version name', app.versionName],
          ['version code', app.versionCode],
          ...(app.split === null ? [] : [['split', app.split] as const]),
          ...(app.needsSplits ? [['needs splits', true] as const] : []),
          ['label', app.label],
          ['icon', app.icon],
          ['min SDK', app.minSdk],
          ['target SDK', app.targetSdk],
          ['debuggable', app.debuggable],
          ['test only', app.testOnly],
          ...list(
            'permissions',
            app.permissions.map(({ name, maxSdk }) => (maxSdk === null ? name : `${name} (up to SDK ${maxSdk})`)),
          ),
        ];
  return [...appRows, ...list('ABIs', abis), ...list('signatures', signatures.flatMap(signatureLines))];
}

/** Each scheme with what is known of its truth, then its signers. */
function signatureLines({ scheme, signers, verified, reason }: SignatureScheme): string[] {
  const truth = verified === null ? `not checked (${reason})` : verified ? 'valid' : `NOT VALID: ${reason}`;
  const lines = signers.flatMap(({ subject, sha256, validFrom, validUntil, androidDebug }) => [
    `  ${subject ?? 'unreadable certificate'}${androidDebug ? ' (Android debug certificate)' : ''}`,
    `  sha256 ${sha256}, valid ${day(validFrom)} to ${day(validUntil)}`,
  ]);
  return [`${scheme}: ${truth}`, ...lines];
}

function iosRows({ app }: IosFacts): Row[] {
  if (app === null) return [];
  const { profile } = app;
  const profileLines =
    profile === null
      ? []
      : [
          `${profile.kind}: ${profile.name ?? 'without a name'}`,
          `  team ${[profile.teamId, profile.teamName].filter((one) => one !== null).join(' ') || 'unknown'}`,
          `  expires ${day(profile.expires)}`,
          `  devices ${profile.deviceCount ?? 'not listed'}`,
          `  debuggable ${profile.debuggable ? 'yes' : 'no'}`,
        ];
  return [
    ['bundle id', app.bundleId],
    ['version', app.versionName],
    ['build number', app.buildNumber],
    ['label', app.label],
    ['icon', app.icon],
    ['minimum OS', app.minimumOs],
    ['SDK', app.sdk],
    ...list('wants access', app.usageDescriptions),
    ['signed', app.signed],
    ...list('profile', profileLines),
  ];
}

function fileRows(artifact: InputRecord | null): Row[] {
  if (artifact === null) return [];
  return [
    ['size', `${artifact.size} (${formatSize(artifact.size)})`],
    ['SHA-256', artifact.sha256],
  ];
}

/** The name stands beside the first value only. */
function list(name: string, values: readonly string[]): Row[] {
  return values.length === 0 ? [[name, 'none']] : values.map((value, index) => [index === 0 ? name : '', value]);
}

function asLine([name, value]: Row): string {
  const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value ?? 'not said');
  // What the file says must not be able to make rows of its own.
  return `${name.padEnd(14)}${text.replace(/[\r\n]/g, ' ')}`;
}

function day(date: string | null): string {
  return date?.slice(0, 10) ?? 'unknown';
}
