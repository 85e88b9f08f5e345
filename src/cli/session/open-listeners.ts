import { resolve } from 'node:path';
import { metadataFromEnvironment } from '../../ci/build/metadata-from-environment.ts';
import { readBuildMetadata } from '../../ci/build/read-build-metadata.ts';
import type { ReportsInput } from '../../ci/reports/index.ts';
import type { Emit } from '../../contract/events.ts';
import type { JournalFacts } from '../../contract/record/journal.ts';
import type { Listener } from '../../contract/record/listener.ts';
import type { Kept } from '../../run/journal/same-release.ts';
import { VERSION } from '../process/version.ts';
import { keptReceipt } from '../receipt/kept-receipt.ts';
import { createReceiptListener, type ReceiptListener } from '../receipt/receipt-listener.ts';
import { lockReceipt, type ReceiptLock } from '../receipt/receipt-lock.ts';
import type { Settled } from './settle.ts';
import type { Shell } from './shell.ts';

export interface OpenReports {
  readonly listeners: readonly Listener[];
  /** Says what cannot be told where nobody has asked for it; to be called when the listeners hear it. */
  readonly warnOfMissing: () => void;
}

const NO_REPORTS: OpenReports = { listeners: [], warnOfMissing: () => {} };

/** The reports that are written besides what is printed, where any are wanted. `write` writes on stderr. */
export async function openReportsOf(
  settled: Settled,
  { clock, redactor }: Shell,
  write: (text: string) => void,
  emit: Emit,
): Promise<OpenReports> {
  const { spec, settings, env: environment } = settled;
  const { values } = settings;
  const isForRelease = spec.reports === true;
  if (values.events === undefined && !isForRelease) return NO_REPORTS;
  const { openReports, warnOfMissing } = await import('../../ci/reports/index.ts');
  const provider = metadataFromEnvironment(environment).provider?.id ?? null;
  const input: ReportsInput = {
    command: spec.name,
    isForRelease,
    begins: spec.journal === 'begins',
    settings: values,
    files: { operands: filesOf(settled), output: await outputPath(settled), receipt: receiptPath(settled) },
    environment,
    provider,
    redactor,
    clock,
    writeStderr: write,
    warn: (code, message) => emit({ type: 'warning', code, message }),
  };
  return { listeners: openReports(input), warnOfMissing: () => warnOfMissing(input) };
}

/** The operands that name files: of those that may be left out, what looks like an app. */
function filesOf({ spec, invocation: { operands } }: Settled): readonly string[] {
  return spec.takesFewer === true ? operands.filter((operand) => /\.(apk|aab|ipa)$/i.test(operand)) : operands;
}

/** Where the output goes, as far as that is known before a server has named it. */
async function outputPath({ spec, invocation, settings }: Settled): Promise<string | undefined> {
  const { output, detach } = settings.values;
  if (detach === true || !spec.flags.includes('output')) return undefined;
  if (output !== undefined || spec.output !== 'beside-input') return output;
  const { protectedPath } = await import('../../run/protect.ts');
  return protectedPath(invocation.operands[0] ?? '');
}

function receiptPath({ spec, settings, invocation: { flags } }: Settled): string | undefined {
  if (spec.journal === undefined) return undefined;
  return settings.values.receipt ?? resumedFrom({ invocation: { flags } });
}

/** The receipt that the run is told to go on with. */
function resumedFrom({ invocation: { flags } }: { readonly invocation: Pick<Settled['invocation'], 'flags'> }) {
  return typeof flags.resume === 'string' ? flags.resume : undefined;
}

/** Both files of a run that goes on with another receipt than it writes: two such runs would send the same steps. */
function lockReceipts(path: string, from: string | undefined, pid: number, now: Date): ReceiptLock | null {
  const own = lockReceipt(path, pid, now);
  if (from === undefined || resolve(from) === resolve(path)) return own;
  try {
    const other = lockReceipt(from, pid, now);
    return {
      release() {
        own?.release();
        other?.release();
      },
    };
  } catch (error) {
    own?.release();
    throw error;
  }
}

export interface OpenReceipt {
  readonly listener: ReceiptListener;
  /** What earlier runs have written where this one's receipt goes. */
  readonly kept: Kept | null;
}

/**
 * The receipt of the run, locked so that no other run writes it. Throws `LocalIoError` where another one does, and where it would take the place
 * of something else. Nobody has a rehearsal's.
 */
export async function openReceipt(
  settled: Settled,
  { process: { pid }, clock, redactor }: Shell,
  signal: AbortSignal,
  emit: Emit,
  journal: () => JournalFacts,
): Promise<OpenReceipt> {
  const { spec, settings, env: environment, cwd } = settled;
  const path = settings.values.dryRun === true ? undefined : receiptPath(settled);
  // A receipt that nobody asked for is written when the process is about to end: too late to ask git.
  const build =
    path === undefined ? metadataFromEnvironment(environment) : await readBuildMetadata({ environment, cwd, signal });
  const from = resumedFrom(settled);
  const lock = path === undefined ? null : lockReceipts(path, from, pid, clock.date());
  try {
    const kept = path === undefined ? null : keptReceipt(path, from);
    const decided = [...settled.decided];
    const common = { command: spec.name, version: VERSION, build, decided, redactor, now: clock.date, emit, journal };
    const listener = createReceiptListener({ ...common, path, lock, begins: spec.journal === 'begins' });
    return { listener, kept };
  } catch (error) {
    lock?.release();
    throw error;
  }
}
