import type { JSX } from 'preact';
import type { Links as Addresses } from '../../../contract/record/links.ts';
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
  const { id, host, isRequired, isRehearsal, verdict, status, job, links, took, error, findings, earlierCount } = step;
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
      <Links links={links} backend={step.backend} />
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

/** Where people see it and get it. */
function Links({ links, backend }: { readonly links: Addresses; readonly backend: string }): JSX.Element | null {
  const { page, install } = links;
  if (page === null && install === null) return null;
  return (
    <ul class="links">
      {page === null ? null : <Link address={page} text={`Page at ${backend}`} />}
      {install === null ? null : <Link address={install} text="Where testers get it" />}
    </ul>
  );
}

function Link({ address, text }: { readonly address: string; readonly text: string }): JSX.Element {
  return (
    <li>
      <a href={address} rel="noreferrer noopener">
        {text}
      </a>
    </li>
  );
}
