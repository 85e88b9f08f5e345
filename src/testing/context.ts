import type { Clock, Context, RemoteFact } from '../contract/context.ts';
import type { AppEvent } from '../contract/events.ts';
import { realClock } from '../run/real-clock.ts';

export interface TestContext extends Context {
  readonly events: AppEvent[];
  readonly facts: RemoteFact[];
  ofType<T extends AppEvent['type']>(type: T): Extract<AppEvent, { type: T }>[];
}

/** A context that keeps what it is told. */
export function testContext(options: { readonly clock?: Clock; readonly signal?: AbortSignal } = {}): TestContext {
  const events: AppEvent[] = [];
  const facts: RemoteFact[] = [];
  return {
    signal: options.signal ?? new AbortController().signal,
    clock: options.clock ?? realClock,
    emit: (event) => void events.push(event),
    record: (fact) => void facts.push(fact),
    events,
    facts,
    ofType: (type) => events.filter((event): event is never => event.type === type),
  };
}
