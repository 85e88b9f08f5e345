import type { BackendDefinition } from '../contract/backend/definition.ts';
import { applivery } from './applivery/index.ts';
import { apptego } from './apptego/index.ts';
import { apptegoManagement } from './apptego-management/index.ts';
import { autoappstore } from './autoappstore/index.ts';
import { ignite } from './ignite/index.ts';

/** The one list of backends. Adding one is its folder and a line here. */
export const backends: readonly BackendDefinition[] = [apptego, apptegoManagement, autoappstore, ignite, applivery];
