import type { AndroidFacts, IosFacts } from '../../archive/inspect.ts';
import type { SignatureScheme } from '../../archive/signature/signature-scheme.ts';
import type { InputRecord } from '../../contract/record/journal.ts';
import { formatSize } from '../../contract/text/units.ts';
import { inspect } from '../../run/inspect.ts';
import type { CommandResult } from '../line/command.ts';
import { type Row, renderRows } from '../output/render/rows.ts';
import type { Session } from '../session/session.ts';

type Fact = readonly [name: string, value: string | number | boolean | null | readonly string[]];

/** `apptool inspect <file>` */
export async function inspectCommand(session: Session): Promise<CommandResult> {
  const { ctx, invocation } = session;
  const facts = await inspect(invocation.operands[0] ?? '', ctx);
  const rows = [
    ['kind', facts.kind.toUpperCase()] as const,
    ...(facts.kind === 'ipa' ? iosRows(facts) : androidRows(facts)),
    ...fileRows(ctx.journal.artifact),
    ...verdictRows(facts),
  ];
  const layOut = (columns: number | null): string => renderRows(rows.map(asRow), columns).join('\n');
  return { text: layOut(null), layOut, data: facts };
}

function androidRows({ app, abis, signatures }: AndroidFacts): Fact[] {
  const appRows: Fact[] =
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
  return [...appRows, ...list('ABIs', abis), ...list('signatures', signatureLines(signatures))];
}

/** The schemes that are alike together, with whether they are valid, then their signers. */
function signatureLines(schemes: readonly SignatureScheme[]): string[] {
  const groups = new Map<string, { readonly names: string[]; readonly lines: readonly string[] }>();
  for (const one of schemes) {
    const { verified, reason } = one;
    const validity = verified === null ? `not checked (${reason})` : verified ? 'valid' : `NOT VALID: ${reason}`;
    const lines = signerLines(one);
    const key = JSON.stringify([validity, lines]);
    const group = groups.get(key) ?? { names: [], lines: [validity, ...lines] };
    group.names.push(one.scheme);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ names, lines: [validity, ...lines] }) => [
    `${names.join(' ')}: ${validity}`,
    ...lines,
  ]);
}

function signerLines({ signers }: SignatureScheme): string[] {
  return signers.flatMap(({ subject, sha256, validFrom, validUntil, androidDebug }) => [
    `  ${subject ?? 'unreadable certificate'}${androidDebug ? ' (Android debug certificate)' : ''}`,
    `  sha256 ${sha256}`,
    `  from ${day(validFrom)} to ${day(validUntil)}`,
  ]);
}

/** What stands in the way of a release, of what the file itself tells. */
function verdictRows(facts: AndroidFacts | IosFacts): Fact[] {
  if (facts.app === null) return [];
  const found = facts.kind === 'ipa' ? iosProblems(facts.app) : androidProblems(facts);
  return [['verdict', found.length === 0 ? 'nothing in the file blocks a release' : found]];
}

function androidProblems({ app, signatures }: AndroidFacts): string[] {
  const signers = signatures.flatMap((scheme) => scheme.signers);
  return [
    ...(app?.debuggable === true ? ['it is debuggable'] : []),
    ...(app?.testOnly === true ? ['it is marked as test-only'] : []),
    ...(app?.needsSplits === true || typeof app?.split === 'string'
      ? ['it is a part of an app, or needs other parts']
      : []),
    ...(signatures.length === 0 ? ['it is not signed'] : []),
    ...(signatures.some(({ verified }) => verified === false) ? ['it has a signature that is NOT VALID'] : []),
    ...(signers.some(({ androidDebug }) => androidDebug) ? ['it is signed by an Android debug certificate'] : []),
  ];
}

function iosProblems({ signed, profile }: NonNullable<IosFacts['app']>): string[] {
  return [
    ...(signed ? [] : ['it is not signed']),
    ...(profile?.debuggable === true ? ['its profile allows debugging'] : []),
  ];
}

function iosRows({ app }: IosFacts): Fact[] {
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

function fileRows(artifact: InputRecord | null): Fact[] {
  if (artifact === null) return [];
  return [
    ['size', `${artifact.size} (${formatSize(artifact.size)})`],
    ['SHA-256', artifact.sha256],
  ];
}

function list(name: string, values: readonly string[]): Fact[] {
  return [[name, values.length === 0 ? 'none' : values]];
}

function asRow([name, value]: Fact): Row {
  if (typeof value === 'object' && value !== null) return { name, texts: value };
  return { name, texts: [typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value ?? 'not said')] };
}

function day(date: string | null): string {
  return date?.slice(0, 10) ?? 'unknown';
}
