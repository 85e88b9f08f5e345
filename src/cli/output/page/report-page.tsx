import { createHash } from 'node:crypto';
import type { JSX } from 'preact';
import { render } from 'preact-render-to-string';
import type { Receipt } from '../../../contract/record/journal.ts';
import { Comparison } from './comparison.tsx';
import { Mark } from './mark.tsx';
import { PAGE_STYLE } from './page-style.ts';
import type { ReleaseView } from './release-view.ts';
import { Steps } from './steps.tsx';
import { Time } from './time.tsx';
import { Timeline } from './timeline.tsx';

/** How a page begins that apptool wrote, and may write again. */
export const PAGE_BEGINNING = '<!doctype html>\n<!-- apptool report -->\n';

/** Nothing is loaded and nothing runs: the only style is the page's own, by its hash (CSP Level 3, section 2.3.1). */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** The whole page as HTML. Every text is escaped by the templating library; the same releases make the same bytes. */
export function reportPage(releases: readonly ReleaseView[]): string {
  return `${PAGE_BEGINNING}${render(<Page releases={releases} />)}\n`;
}

function Page({ releases }: { readonly releases: readonly ReleaseView[] }): JSX.Element {
  const [only] = releases;
  const title = releases.length === 1 && only !== undefined ? only.title : `${releases.length} releases`;
  const latest = releases.map(({ updatedAt }) => updatedAt).sort();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: PAGE_STYLE }} />
      </head>
      <body>
        <header>
          <h1>{title}</h1>
          <p class="note">
            Made by apptool from its receipts, as of <Time at={latest.at(-1) ?? ''} />.
          </p>
        </header>
        <main>
          {releases.length > 1 ? <Overview releases={releases} /> : null}
          {releases.map((release, index) => (
            <Release key={index} id={`release-${index + 1}`} release={release} />
          ))}
        </main>
      </body>
    </html>
  );
}

function Overview({ releases }: { readonly releases: readonly ReleaseView[] }): JSX.Element {
  return (
    <section>
      <h2>Overview</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col">Version</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {releases.map(({ title, version, verdict }, index) => (
            <tr key={index}>
              <td>
                <a href={`#release-${index + 1}`}>{title}</a>
              </td>
              <td>{version ?? 'not known'}</td>
              <td>
                <Mark verdict={verdict} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Release({ id, release }: { readonly id: string; readonly release: ReleaseView }): JSX.Element {
  const { title, version, releaseName, environment, verdict, isRehearsal, todos, receipt } = release;
  const facts = [
    releaseName === null ? null : `release ${releaseName}`,
    environment === null ? null : `environment ${environment}`,
    `apptool ${receipt.tool.version}`,
  ].filter((fact) => fact !== null);
  return (
    <article id={id} aria-labelledby={`${id}-title`}>
      <div class="head">
        <h2 id={`${id}-title`}>{version === null ? title : `${title} ${version}`}</h2>
        <Mark verdict={verdict} />
      </div>
      <p class="facts">{facts.join(', ')}</p>
      <Origin build={receipt.build} />
      {isRehearsal ? (
        <p>
          <span class="mark warn">Rehearsal</span> Every backend was on the machine that ran it: nothing was released.
        </p>
      ) : null}
      {todos.length === 0 ? null : (
        <section class="todo">
          <h3>What is left to do</h3>
          <ul>
            {todos.map(({ why, command }, index) => (
              <li key={index}>
                {why}
                {command === null ? null : <code>{command}</code>}
              </li>
            ))}
          </ul>
        </section>
      )}
      <Steps steps={release.steps} />
      <Comparison input={receipt.input} output={receipt.output} />
      <Timeline receipt={receipt} />
    </article>
  );
}

/** Which build of which commit began it. */
function Origin({ build }: Pick<Receipt, 'build'>): JSX.Element | null {
  if (build === null) return null;
  const { commit, branch, tag, buildNumber, buildUrl } = build;
  const named = [
    commit === null ? null : `commit ${commit.slice(0, 12)}`,
    tag === null ? null : `tag ${tag}`,
    branch === null ? null : `branch ${branch}`,
  ].filter((part) => part !== null);
  const number = buildNumber === null ? 'build' : `build ${buildNumber}`;
  if (named.length === 0 && buildUrl === null) return null;
  return (
    <p class="facts">
      {named.join(', ')}
      {named.length > 0 && buildUrl !== null ? ', ' : ''}
      {buildUrl === null ? null : (
        <a href={buildUrl} rel="noreferrer noopener">
          {number}
        </a>
      )}
    </p>
  );
}
