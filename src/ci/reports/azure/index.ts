import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Listener } from '../../../contract/record/listener.ts';
import { whyNotInto } from '../../files/named-folder.ts';
import { cannotWrite } from '../../files/refusal.ts';
import { openReplaced } from '../../files/replaced-file.ts';
import { type ReportKind, type ReportsInput, warnerOf } from '../report-kind.ts';
import { createSummary } from '../summary-file.ts';
import { azureCommand, canSay } from './commands.ts';
import { createAzureIssues, createAzureVariables } from './listeners.ts';

/** The agent empties it before each job, and uploads a summary from there after the step. */
const FOLDER = 'AGENT_TEMPDIRECTORY';
/**
 * Output variables, issues and a summary, by commands of the agent's: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands.
 * In Azure Pipelines by itself. The commands go to stderr, which the agent reads as it reads stdout
 * (https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Agent.Worker/Handlers/NodeHandler.cs, `OnDataReceived` of both).
 */
export const AZURE: ReportKind = {
  lacks: (input) => {
    const why = isOn(input) ? whyNotInto(FOLDER, input.environment) : null;
    return why === null ? [] : [`no summary for Azure Pipelines: ${FOLDER}: ${why}`];
  },
  open: (input) => {
    if (!isOn(input)) return [];
    const { redactor, environment, writeStderr: write } = input;
    const common = { redactor, environment, write };
    return [
      ...summary(input),
      createAzureVariables({ ...common, warnLeftOut: warnerOf(input) }),
      createAzureIssues(common),
    ];
  },
};

function isOn({ settings, provider }: ReportsInput): boolean {
  return settings.azure ?? provider === 'azure-pipelines';
}

/** A file that nobody else has: its name is that of the attachment. */
function summary(input: ReportsInput): Listener[] {
  const { command, environment, settings, writeStderr } = input;
  const why = whyNotInto(FOLDER, environment);
  if (why !== null && settings.azure === true) throw cannotWrite(FOLDER, why);
  if (why !== null) return [];
  const name = `apptool-${command.replaceAll(' ', '-')}-${randomBytes(4).toString('hex')}.md`;
  const path = join(resolve(environment[FOLDER] ?? ''), name);
  const write = openReplaced(FOLDER, path, '');
  return [
    createSummary(FOLDER, input, (text) => {
      write(text);
      if (canSay(path, environment)) writeStderr(azureCommand('task.uploadsummary', {}, path));
    }),
  ];
}
