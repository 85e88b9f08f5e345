import type { JSX } from 'preact';
import type { Receipt } from '../../../contract/record/journal.ts';
import { formatSize } from '../../../contract/text/units.ts';
import { versionOf } from './release-view.ts';

type Input = NonNullable<Receipt['input']>;
type Output = NonNullable<Receipt['output']>;
type File = Input | Output;

/** What went in beside what came out. */
export function Comparison({ input, output }: Pick<Receipt, 'input' | 'output'>): JSX.Element | null {
  if (input === null && output === null) return null;
  const row = (name: string, cell: (file: File) => JSX.Element | string): JSX.Element => {
    const [before, after] = [input === null ? null : cell(input), output === null ? null : cell(output)];
    return (
      <tr key={name}>
        <th scope="row">{name}</th>
        {input === null ? null : <td>{before}</td>}
        {output === null ? null : <td>{after}</td>}
      </tr>
    );
  };
  const both = input !== null && output !== null;
  const plain = (value: string | null): string => value ?? 'not known';
  return (
    <section>
      <h3>Files</h3>
      <div class="wide">
        <table class={`files ${both ? 'both' : input === null ? 'only-out' : 'only-in'}`}>
          <thead>
            <tr>
              <td />
              {input === null ? null : <th scope="col">In</th>}
              {output === null ? null : <th scope="col">Out</th>}
            </tr>
          </thead>
          <tbody>
            {row('Name', ({ name }) => name)}
            {row('Package', ({ packageName }) => plain(packageName))}
            {row('Version', (file) => plain(versionOf(file)))}
            {row('Size', (file) => `${formatSize(file.size)}${growth(file, input)}`)}
            {row('SHA-256', ({ sha256 }) => (sha256 === null ? 'not known' : <code>{sha256}</code>))}
            {row('Signed by', ({ signers }) => (
              <Signers signers={signers} />
            ))}
          </tbody>
        </table>
      </div>
      <Permissions input={input} output={output} />
    </section>
  );
}

function growth(file: File, input: Input | null): string {
  if (input === null || file === input || input.size === 0) return '';
  const percent = (100 * (file.size - input.size)) / input.size;
  return ` (${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %)`;
}

function Signers({ signers }: { readonly signers: readonly string[] | null }): JSX.Element {
  if (signers === null) return <>not known</>;
  if (signers.length === 0) return <>nobody</>;
  return (
    <>
      {signers.map((one) => (
        <code key={one}>{one} </code>
      ))}
    </>
  );
}

function Permissions({ input, output }: Pick<Receipt, 'input' | 'output'>): JSX.Element | null {
  const [before, after] = [input?.permissions ?? null, output?.permissions ?? null];
  if (before === null || after === null) return null;
  const added = after.filter((name) => !before.includes(name));
  const removed = before.filter((name) => !after.includes(name));
  if (added.length + removed.length === 0)
    return <p class="note">{`Permissions: ${after.length}, the same in both files.`}</p>;
  return (
    <>
      <h4>Permissions that changed</h4>
      <ul class="changes">
        {added.map((name) => (
          <li key={name}>
            <strong>added</strong> <code>{name}</code>
          </li>
        ))}
        {removed.map((name) => (
          <li key={name}>
            <strong>removed</strong> <code>{name}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
