import type { FleetPlan } from '../../contract/record/fleet-plan.ts';
import { azureVariables } from './azure.ts';
import { circleciWorkflow } from './circleci.ts';
import { githubOutputs } from './github.ts';
import { gitlabPipeline } from './gitlab.ts';
import { jenkinsData } from './jenkins.ts';
import type { PlanPlace } from './jobs.ts';
import { shellScript } from './shell.ts';

/** How an engine takes a wave. */
export interface FleetFormat {
  readonly write: (plan: FleetPlan, place: PlanPlace) => string;
  /** How such a file begins: what begins otherwise is somebody else's, and is not replaced. */
  readonly head: string;
}

const GENERATED = '# apptool fleet: ';
/** How a plan begins. */
export const PLAN_HEAD = '{\n  "planVersion": ';

export function planText(plan: FleetPlan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

export const FLEET_FORMATS: Readonly<Record<string, FleetFormat>> = {
  json: { write: planText, head: PLAN_HEAD },
  github: { write: githubOutputs, head: 'canary={"include":' },
  gitlab: { write: gitlabPipeline, head: GENERATED },
  jenkins: { write: jenkinsData, head: '{\n  "fleet": ' },
  azure: { write: azureVariables, head: '##vso[task.setvariable variable=canary;' },
  circleci: { write: circleciWorkflow, head: GENERATED },
  shell: { write: shellScript, head: `#!/bin/sh\n${GENERATED}` },
};
