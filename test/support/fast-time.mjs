// Loaded before the program (node --import): its clock runs a hundred times as fast, or FAST_TIME_FACTOR times, so that an hour of waiting takes
// half a minute. Waits of less than a quarter of a second stay what they are, because what happens in them is real.
const FASTER = Number(process.env.FAST_TIME_FACTOR ?? 100);
const REAL_MS = 250;

const realSetTimeout = globalThis.setTimeout;
const realTime = process.hrtime;
const startedAt = realTime();

globalThis.setTimeout = (callback, delayMs = 0, ...values) =>
  realSetTimeout(callback, Math.max(delayMs / FASTER, Math.min(delayMs, REAL_MS)), ...values);
// The clock of the program: src/run/real-clock.ts.
const hrtime = () => {
  const [seconds, nanoseconds] = realTime(startedAt);
  const fastMs = (seconds * 1e3 + nanoseconds / 1e6) * FASTER;
  return [Math.floor(fastMs / 1e3), Math.floor((fastMs % 1e3) * 1e6)];
};
process.hrtime = Object.assign(hrtime, { bigint: realTime.bigint });
