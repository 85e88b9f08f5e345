import type { Finding, JobState, Phase } from '../../contract/job.ts';
import type { ApkReply } from './wire.ts';

/** What each word of each status means for whoever waits for that stage: "Response parameters". */
const PHASES = {
  upload: { COMPLETED: 'succeeded', SCHEDULED: 'queued', ERROR: 'failed' },
  samsung: { COMPLETED: 'succeeded', NOT_REQUESTED: 'succeeded', SCHEDULED: 'queued', ERROR: 'failed' },
  // A person at Digital Turbine decides; there is no word for "no".
  manual: { APPROVED: 'succeeded', PENDING: 'action-required', NOT_REQUESTED: 'queued' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Phase>>>>;

type Stage = keyof typeof PHASES;

const NAMES: Readonly<Record<Stage, string>> = { upload: 'upload', samsung: 'Samsung', manual: 'manual approval' };

const STAGES = ['upload', 'samsung', 'manual'] as const satisfies readonly Stage[];

type Way = readonly [Stage, ...Stage[]];

/** A status that the answer leaves out. */
const NOT_SAID = 'null';

/** The stages on the way to each milestone. */
const WAYS: Readonly<Record<string, Way>> = {
  uploaded: ['upload'],
  samsung: ['upload', 'samsung'],
  approved: ['upload', 'samsung', 'manual'],
};

/**
 * How an APK stands on its way to a milestone. An error on the way is the end of it. The milestone is reached once the APK is uploaded
 * and the last stage has succeeded; until then the first open stage speaks. What stands badly beside the way is a warning.
 */
export function stateOf(reply: ApkReply, until: string | null): JobState {
  const way: Way = WAYS[until ?? ''] ?? ['upload'];
  const words = (stages: readonly Stage[]) => stages.map((stage) => `${NAMES[stage]} ${reply[stage]}`).join(', ');
  const found = onWay(reply, way, words(way));
  // A failure is told by its own way; elsewhere all three statuses are worth knowing.
  const state = found.phase === 'failed' ? found : { ...found, message: words(STAGES) };
  const findings = state.phase === 'succeeded' ? besideOf(reply, way) : [];
  return findings.length === 0 ? state : { ...state, findings };
}

function onWay(reply: ApkReply, way: Way, message: string): JobState {
  const states = way.map((stage) => stageState(stage, reply[stage], message));
  const upload = stageState(way[0], reply.upload, message);
  const last = states.at(-1) ?? upload;
  const failed = states.find(({ phase }) => phase === 'failed');
  if (failed !== undefined) return failed;
  if (upload.phase === 'succeeded' && last.phase === 'succeeded') return last;
  return states.find(({ phase }) => phase !== 'succeeded') ?? last;
}

/**
 * A stage that has failed, or has a word that nobody knows, though the milestone does not ask for it; and one on the way that the milestone has
 * overtaken.
 */
function besideOf(reply: ApkReply, way: Way): Finding[] {
  return STAGES.flatMap((stage) => {
    const { phase, unrecognized = false } = stageState(stage, reply[stage], '');
    const isUnknown = unrecognized && reply[stage] !== NOT_SAID;
    const isBad = phase === 'failed' || isUnknown || (way.includes(stage) && phase !== 'succeeded');
    return isBad ? [{ code: stage, severity: 'warning', message: `${NAMES[stage]} is ${reply[stage]}` }] : [];
  });
}

function stageState(stage: Stage, status: string, message: string): JobState {
  const phases: Readonly<Record<string, Phase>> = PHASES[stage];
  const phase = Object.hasOwn(phases, status) ? phases[status] : undefined;
  return phase === undefined ? { phase: 'running', status, message, unrecognized: true } : { phase, status, message };
}
