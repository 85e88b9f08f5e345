import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Listener } from '../../../contract/record/listener.ts';
import { shortLine } from '../../../contract/text/safe-text.ts';
import { whyNotInto } from '../../files/named-folder.ts';
import { cannotWrite } from '../../files/refusal.ts';
import { openReplaced } from '../../files/replaced-file.ts';
import { issuesOf } from '../issues.ts';
import { keyOf } from '../key-values/key-value-report.ts';
import { type ReportKind, type ReportsInput, warnerOf } from '../report-kind.ts';
import { runValues } from '../run-values.ts';
import { createSummary } from '../summary-file.ts';
import { azureCommand, canSay, sayable } from './commands.ts';

const NAME = '--azure';
/** The agent empties it before each job, and uploads a summary from there after the step. */
const FOLDER = 'AGENT_TEMPDIRECTORY';
/** In characters. */
const LONGEST_PART = 500;

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
  open: (input) => (isOn(input) ? [...summary(input), variables(input), issues(input)] : []),
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

/**
 * Under the names of the other CIs: Azure makes a variable of the environment out of the step's name and an output's, and a step that is called
 * `apptool` would set those of flags.
 */
function variables(input: ReportsInput): Listener {
  const { redactor, environment, writeStderr } = input;
  return {
    name: NAME,
    ended({ document, receipt }) {
      const { values, unfit } = runValues({ document, receipt }, redactor);
      const said = values.filter(({ value }) => canSay(value, environment));
      const unsaid = values.filter(({ value }) => !canSay(value, environment)).map(({ name }) => name);
      const lines = said.map(({ name, value }) =>
        azureCommand('task.setvariable', { variable: keyOf(name), isOutput: 'true' }, value),
      );
      writeStderr(lines.join(''));
      warnerOf(input)(NAME, [...unfit, ...unsaid].map(keyOf));
    },
  };
}

function issues({ redactor, environment, writeStderr }: ReportsInput): Listener {
  return {
    name: NAME,
    ended({ document }) {
      const lines = issuesOf(document).map(({ level, title, parts }) => {
        const shown = [`${title}: ${parts[0] ?? ''}`, ...parts.slice(1)].map((part) =>
          sayable(shortLine(part, redactor, LONGEST_PART), environment),
        );
        return azureCommand('task.logissue', { type: level }, shown.join('\n'));
      });
      writeStderr(lines.join(''));
    },
  };
}
