// Loaded before the program (node --import): its clock runs a hundred times as fast, or FAST_TIME_FACTOR times, so that an hour of waiting takes
// half a minute. Waits of less than a quarter of a second stay what they are, because what happens in them is real.
const FASTER = Number(process.env.FAST_TIME_FACTOR ?? 100);
const REAL_MS = 250;

const realSetTimeout = globalThis.setTimeout;
const realNow = performance.now.bind(performance);
const startedAt = realNow();

globalThis.setTimeout = (callback, delayMs = 0, ...values) =>
  realSetTimeout(callback, Math.max(delayMs / FASTER, Math.min(delayMs, REAL_MS)), ...values);
Object.defineProperty(performance, 'now', { value: () => startedAt + (realNow() - startedAt) * FASTER });
