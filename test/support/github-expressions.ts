import { runInNewContext } from 'node:vm';

/** The contexts of a job, by name. What is not there is an error of the recipe, or more than the tests know. */
export type Contexts = Readonly<Record<string, unknown>>;

/** What the steps before say: `failed` for `failure()`, and `cancelled()` is never true. */
export interface Standing {
  readonly failed: boolean;
}

/** An expression between `${{` and `}}`: GitHub's operators and literals are JavaScript's, but for names with a dash. */
function evaluateExpression(source: string, contexts: Contexts, { failed }: Standing = { failed: false }): unknown {
  const script = source.replace(/\.(\w+(?:-\w+)+)/g, "['$1']");
  const functions = {
    always: () => true,
    cancelled: () => false,
    failure: () => failed,
    success: () => !failed,
    fromJSON: (text: string) => JSON.parse(text) as unknown,
  };
  const value: unknown = runInNewContext(script, { ...contexts, ...functions });
  if (value === undefined) throw new Error(`no such value: ${source}`);
  return value;
}

/** A text with the expressions in it; what is an expression alone keeps its type. */
export function evaluateText(text: string, contexts: Contexts): unknown {
  const [, alone] = /^\$\{\{\s*((?:(?!\}\}).)*?)\s*\}\}$/.exec(text) ?? [];
  if (alone !== undefined) return evaluateExpression(alone, contexts);
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, source: string) => String(evaluateExpression(source, contexts)));
}

/** Whether an `if` holds: without a function that asks how it went, only where all went well. */
export function holds(condition: string | undefined, contexts: Contexts, standing: Standing): boolean {
  const source = (condition ?? 'success()').replace(/^\$\{\{(.*)\}\}$/, '$1');
  const asks = /\b(?:always|cancelled|failure|success)\(\)/.test(source);
  return (asks || !standing.failed) && Boolean(evaluateExpression(source, contexts, standing));
}

/** Outputs of a step or a job: one that was not set is empty. */
export function outputsOf(values: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return new Proxy(values, { get: (all, name) => (typeof name === 'string' ? (all[name] ?? '') : undefined) });
}
