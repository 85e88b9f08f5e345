import type { JSX } from 'preact';
import { Mark } from './mark.tsx';
import type { StepView } from './release-view.ts';

/** How each step stands, in the order in which they began. */
export function Steps({ steps }: { readonly steps: readonly StepView[] }): JSX.Element | null {
  if (steps.length === 0) return null;
  return (
    <section>
      <h3>Steps</h3>
      <ul class="steps">
        {steps.map((step) => (
          <Step key={step.id} step={step} />
        ))}
      </ul>
    </section>
  );
}

function Step({ step }: { readonly step: StepView }): JSX.Element {
  const { id, host, isRequired, isRehearsal, verdict, status, job, took, error, findings, earlierCount } = step;
  const facts = [
    host === null ? null : `at ${host}${isRehearsal ? ' (this machine: a rehearsal)' : ''}`,
    took === null ? null : `took ${took}`,
    isRequired ? null : 'not required',
    earlierCount === 0 ? null : `${earlierCount} earlier ${earlierCount === 1 ? 'attempt' : 'attempts'}`,
  ].filter((fact) => fact !== null);
  return (
    <li>
      <div class="head">
        <strong>{id}</strong>
        <Mark verdict={verdict} />
      </div>
      {status === null ? null : <div>{status}</div>}
      {error === null ? null : <div>{error}</div>}
      {facts.length === 0 ? null : <div class="facts">{facts.join(', ')}</div>}
      {job === null ? null : (
        <div class="facts">
          job <code>{job}</code>
        </div>
      )}
      {findings.length === 0 ? null : (
        <ul>
          {findings.map(({ code, severity, message }, index) => (
            <li key={index}>{`${severity} ${code}: ${message}`}</li>
          ))}
        </ul>
      )}
    </li>
  );
}
