import type { Strangeness } from './strange-machine.ts';

export function makeStrange(strangeness: Pick<Strangeness, 'calls' | 'lookup'>): () => void;
