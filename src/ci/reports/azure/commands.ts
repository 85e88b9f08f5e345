import type { Env } from '../../../contract/env.ts';

/** What the agent replaces in a command: https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Agent.Sdk/CommandStringConvertor.cs */
const REPLACED = /%(?=3B|0D|0A|5D|AZP25)/g;

/**
 * A command of the agent's, in one line of the log: https://github.com/microsoft/azure-pipelines-agent/blob/master/src/Microsoft.VisualStudio.Services.Agent/Command.cs.
 * The properties are our own words. A percent sign is escaped where the agent would take it for the beginning of an escape.
 */
export function azureCommand(name: string, properties: Readonly<Record<string, string>>, data: string): string {
  const pairs = Object.entries(properties).map(([key, value]) => `${key}=${value};`);
  return `##vso[${name}${pairs.length === 0 ? '' : ` ${pairs.join('')}`}]${escapeData(data)}\n`;
}

function escapeData(text: string): string {
  return text.replace(REPLACED, '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/**
 * Whether the agent gives this text back as it is. A job that turns the escape for percent signs off (`DECODE_PERCENTS`) has no way to say some
 * texts: https://github.com/microsoft/azure-pipelines-agent/blob/master/docs/design/percentEncoding.md
 */
export function canSay(text: string, { DECODE_PERCENTS: decodes = '' }: Env): boolean {
  return text.search(REPLACED) < 0 || decodes === '' || /^(?:1|\$?true)$/i.test(decodes);
}

/** The text, or one like it that the agent gives back as it is. */
export function sayable(text: string, environment: Env): string {
  return canSay(text, environment) ? text : text.replace(REPLACED, '% ');
}
