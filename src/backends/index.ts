import { apptego } from './apptego/index.ts';
import { apptegoManagement } from './apptego-management/index.ts';
import type { BackendDefinition } from './definition.ts';

/** The one list of backends. Adding one is its folder and a line here. */
export const backends: readonly BackendDefinition[] = [apptego, apptegoManagement];
