import { runInNewContext } from 'node:vm';

/** The steps that a function of a Jenkinsfile may call. */
export interface GroovySteps {
  readonly sh: (script: string) => Promise<number>;
  readonly sleep: (time: number, unit: string) => void;
  /** Throws. */
  readonly error: (message: string) => never;
}

const CONDITION = String.raw`\w+ (?:==|!=|<=|>) \d+(?: && \w+ (?:==|!=|<=|>) \d+)*`;
const PARAMETER = String.raw`String \w+(?: = '[^'\\]*')?`;

/** The Groovy that is known, a line each, and the same in JavaScript. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/^int (\w+) = (\d+)$/, 'let $1 = $2;'],
  [new RegExp(`^for \\(int (\\w+) = (\\d+); (${CONDITION}); \\1\\+\\+\\) \\{$`), 'for (let $1 = $2; $3; $1++) {'],
  [/^\}$/, '}'],
  [/^(\w+) = sh\(script: (\w+), returnStatus: true\)$/, '$1 = await sh($2);'],
  [/^sleep\(time: (\d+), unit: '([A-Z]+)'\)$/, "sleep($1, '$2');"],
  [/^error\((\w+|'[^'\\]*')\)$/, 'error($1);'],
  [/^error\("((?:[^"\\$`]|\$\{\w+\})*)"\)$/, 'error(`$1`);'],
];

function translated(line: string): string {
  const [, condition, rest] = new RegExp(`^if \\((${CONDITION})\\) (.+)$`).exec(line) ?? [];
  if (rest !== undefined) return `if (${condition}) ${translated(rest)}`;
  const [pattern, replacement] = RULES.find(([known]) => known.test(line)) ?? [];
  if (pattern === undefined || replacement === undefined) throw new Error(`unknown Groovy: ${line}`);
  return line.replace(pattern, replacement);
}

/** A function that stands in a Jenkinsfile, its own text run as JavaScript. Throws where a line of it is none of those that are known. */
export function groovyFunction(
  source: string,
  name: string,
  { sh, sleep, error }: GroovySteps,
): (...values: string[]) => Promise<void> {
  const [, parameters = '', body = ''] =
    new RegExp(`^void ${name}\\((${PARAMETER}(?:, ${PARAMETER})*)\\) \\{\n([\\s\\S]*?)^\\}$`, 'm').exec(source) ?? [];
  if (body === '') throw new Error(`no function ${name}`);
  const lines = body.trimEnd().split('\n');
  const script = [
    `async (${parameters.replace(/String (?=\w)/g, '')}) => {`,
    ...lines.map((line) => translated(line.trim())),
    '}',
  ];
  return runInNewContext(script.join('\n'), { sh, sleep, error });
}
