import type { AppIdentity, Permission } from '../../contract/artifact.ts';

/** What is known of the app that was sent: what is absent is not known. */
export interface SentIdentity
  extends Pick<AppIdentity, 'packageName' | 'versionName' | 'versionCode'>,
    Partial<Pick<AppIdentity, 'buildNumber' | 'minSdk' | 'targetSdk' | 'permissions' | 'debuggable' | 'unfit'>> {}

/** A line for each thing that is not as it was. */
export function differences(output: AppIdentity, sent: SentIdentity): string[] {
  const { buildNumber, minSdk, targetSdk, permissions, debuggable, unfit } = sent;
  const hasDebuggableChanged = debuggable !== undefined && output.debuggable !== debuggable;
  return [
    ...(sent.versionName === null ? [] : changed('version name', output.versionName, sent.versionName)),
    ...(sent.versionCode === null ? [] : changed('version code', output.versionCode, sent.versionCode)),
    // One that is a whole number is the version code too.
    ...(buildNumber == null || sent.versionCode !== null
      ? []
      : changed('build number', output.buildNumber, buildNumber)),
    ...(minSdk === undefined ? [] : changed('minimum SDK', output.minSdk, minSdk)),
    ...(targetSdk === undefined ? [] : changed('target SDK', output.targetSdk, targetSdk)),
    ...(hasDebuggableChanged
      ? [`the output is ${debuggable ? 'not ' : ''}debuggable, the input is${debuggable ? '' : ' not'}`]
      : []),
    ...(permissions === undefined ? [] : changedPermissions(output.permissions, permissions)),
    ...(unfit === undefined ? [] : newlyUnfit(output, unfit)),
  ];
}

/** What could not be compared, by name; empty where everything was. The package is not among it. */
export function notCompared(output: AppIdentity | null, sent: SentIdentity | null, isAndroid: boolean): string[] {
  const ofAndroid = isAndroid ? (['minSdk', 'targetSdk', 'permissions'] as const) : [];
  const fields = [...ofAndroid, 'debuggable' as const];
  const versions = ['version name', ...(isAndroid ? ['version code'] : ['build number'])];
  if (output === null || sent === null) return [...versions, ...fields.map((field) => NAMES[field])];
  const [name = '', code = ''] = versions;
  return [
    ...(sent.versionName === null ? [name] : []),
    ...(sent.versionCode === null && sent.buildNumber == null ? [code] : []),
    ...fields.filter((field) => sent[field] === undefined).map((field) => NAMES[field]),
  ];
}

const NAMES = {
  minSdk: 'minimum SDK',
  targetSdk: 'target SDK',
  permissions: 'permissions',
  debuggable: 'whether it is debuggable',
} as const;

function changed(what: string, is: number | string | null, was: number | string | null): string[] {
  return is === was ? [] : [`the ${what} is ${is ?? 'unknown'} in the output, but ${was ?? 'unknown'} in the input`];
}

function changedPermissions(is: readonly Permission[], was: readonly Permission[]): string[] {
  const limitOf = (all: readonly Permission[], wanted: string) => all.find(({ name }) => name === wanted);
  const inBoth = is.flatMap((now) => {
    const before = limitOf(was, now.name);
    return before === undefined || before.maxSdk === now.maxSdk ? [] : [{ now, before }];
  });
  const isWider = ({ now, before }: (typeof inBoth)[number]) =>
    before.maxSdk !== null && (now.maxSdk === null || now.maxSdk > before.maxSdk);
  const limits = (pairs: typeof inBoth) => pairs.map(({ now, before }) => `${asText(now)}, was ${limitText(before)}`);
  return [
    ...line('the output has permissions that the input does not have', without(is, was).map(asText)),
    ...line('the output lacks permissions of the input', without(was, is).map(asText)),
    ...line('the output has wider permissions than the input', limits(inBoth.filter(isWider))),
    ...line('the output has narrower permissions than the input', limits(inBoth.filter((pair) => !isWider(pair)))),
  ];
}

function line(what: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${what}: ${items.join(', ')}`];
}

function without(all: readonly Permission[], those: readonly Permission[]): Permission[] {
  return all.filter(({ name }) => !those.some((one) => one.name === name));
}

function asText(permission: Permission): string {
  return permission.maxSdk === null ? permission.name : `${permission.name} (${limitText(permission)})`;
}

function limitText({ maxSdk }: Permission): string {
  return maxSdk === null ? 'without limit' : `up to SDK ${maxSdk}`;
}

/** What makes an app unfit that the input was not: a split, test-only, another platform … */
function newlyUnfit(output: AppIdentity, was: AppIdentity['unfit']): string[] {
  const isNew = output.unfit.filter(({ code }) => code !== 'no-id' && !was.some((before) => before.code === code));
  return isNew.map(({ why }) => `unlike the input, the output ${why}`);
}
