import { applivery } from './applivery/index.ts';
import { apptego } from './apptego/index.ts';
import { autoappstore } from './autoappstore/index.ts';
import type { BackendDefinition } from './definition.ts';

/** The one list of backends. Adding one is its folder and a line here. */
export const backends: readonly BackendDefinition[] = [apptego, autoappstore, applivery];
