import { AsyncLocalStorage } from 'node:async_hooks';
import { onTestFinished } from 'vitest';

type CleanUp = () => unknown;

const scope = new AsyncLocalStorage<CleanUp[]>();

/** Has something undone when the test is over, or the part of it that runs in `withCleanUp`. */
export function atEnd(cleanUp: CleanUp): void {
  const list = scope.getStore();
  if (list !== undefined) list.push(cleanUp);
  else onTestFinished(async () => void (await cleanUp()));
}

/** Runs one of many cases in a test, and undoes what it set up before the next one begins. */
export async function withCleanUp<T>(run: () => Promise<T>): Promise<T> {
  const list: CleanUp[] = [];
  try {
    return await scope.run(list, run);
  } finally {
    for (const cleanUp of list.reverse()) await cleanUp();
  }
}
