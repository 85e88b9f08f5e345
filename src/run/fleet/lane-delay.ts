/** How far apart (ms) two lanes begin to send. Job ids look like the second in which a job began. */
const APART_MS = 1_500;

/**
 * How long a lane waits until it may begin to send (ms). Time goes round the lanes, so that it holds between machines, for the first app of a
 * lane and for every other: two lanes never begin in the same second.
 */
export function laneDelayMs(lane: number, slots: number, nowMs: number): number {
  const roundMs = slots * APART_MS;
  const beginsMs = lane * APART_MS;
  const atMs = nowMs % roundMs;
  // Whoever comes late in its time would send in that of the next lane.
  if (slots === 1 || (atMs >= beginsMs && atMs < beginsMs + APART_MS / 3)) return 0;
  return (beginsMs - atMs + roundMs) % roundMs;
}
