import { expect, test } from 'vitest';
import { faultProxy } from '../../src/testing/fault-proxy.ts';
import { faults } from '../../src/testing/faults.ts';
import { sandbox } from '../../src/testing/sandbox.ts';
import { PRODUCTION, projectIn } from '../support/release-project.ts';
import { runOnScreen } from '../support/screen.ts';
import { HAS_TERMINALS } from '../support/terminal.ts';

const COLUMNS = 58;
/** A part of what is live. */
const LIVE = /^\s*[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏›] |steps done/;

async function project() {
  const { variables } = await sandbox({ processingMs: 600 });
  const cwd = await projectIn({ production: PRODUCTION });
  return { cwd, env: variables, columns: COLUMNS, rows: 12 };
}

/** The last state of the screen in which all of these stand. */
function lookFor(states: readonly (readonly string[])[], ...wanted: readonly RegExp[]): readonly string[] {
  return states.findLast((lines) => wanted.every((one) => lines.some((line) => one.test(line)))) ?? [];
}

test.runIf(HAS_TERMINALS)('a release is a list of its steps while it runs, and a table at the end', async () => {
  const states: (readonly string[])[] = [];

  const { code, lines, written } = await runOnScreen(['release', 'app.apk', '--resume', 'r.json'], {
    ...(await project()),
    seen: (state) => void states.push(state),
  });

  expect(code, written).toBe(0);
  const first = lookFor(states, /0 of 3 steps done/, /› protect:apptego/, /· publish:applivery/);
  expect(first).toContain('  · publish:applivery     not begun');
  const second = lookFor(states, /1 of 3 steps done/, /› publish:autoappstore {2}\S/, /› publish:applivery {5}\S/);
  expect(second.filter((line) => /^ {2}✓ protect:apptego {7}completed, \d+ s$/.test(line))).toHaveLength(1);
  for (const state of states) expect(state.filter((line) => LIVE.test(line)).length).toBeLessThanOrEqual(4);
  expect(lines.filter((line) => LIVE.test(line))).toEqual([]);
  expect(lines.filter((line) => /^✓ (?:protect|publish):/.test(line))).toHaveLength(3);
  // What the list shows is not written besides; what somebody has to know is.
  expect(lines.join('\n')).not.toMatch(/uploading|uploaded in|waiting for/);
  expect(lines.join('\n')).toMatch(/^warning: app\.apk is debuggable/m);
  expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'));
});

test.runIf(HAS_TERMINALS)(
  'publish to several targets is a list, too: without colours where they are unwanted, and gone after Ctrl-C',
  async () => {
    const { cwd, env, ...size } = await project();
    const { variables } = await sandbox({ processingMs: 60_000 });
    let isStopped = false;

    const args = ['publish', 'app.apk', '--to', 'autoappstore,applivery', '--poll-interval', '50ms'];
    const { code, lines, written } = await runOnScreen(args, {
      ...size,
      cwd,
      env: { ...env, ...variables, NO_COLOR: '1' },
      seen: (state, type) => {
        const isWaiting = ['autoappstore', 'applivery'].every((id) =>
          state.some((line) => line.startsWith(`  › publish:${id}`) && /, \d+ s/.test(line)),
        );
        if (isStopped || !isWaiting) return;
        isStopped = true;
        type('\u0003');
      },
    });

    expect(isStopped, written).toBe(true);
    expect(code).toBe(130);
    expect(lines.filter((line) => LIVE.test(line))).toEqual([]);
    expect(lines.filter((line) => /^error\[cancelled\]: stopped by SIGINT/.test(line))).toHaveLength(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are such sequences.
    expect(written).not.toMatch(/\u001b\[[\d;]*m/);
    expect(written.lastIndexOf('\u001b[?25h')).toBeGreaterThan(written.lastIndexOf('\u001b[?25l'));
  },
);

test.runIf(HAS_TERMINALS)(
  'a secret that a server says as its status is on no narrow screen, in pieces either',
  async () => {
    const { cwd, ...size } = await project();
    const box = await sandbox({ processingMs: 60_000 });
    const secret = box.variables.APPLIVERY_SERVICE_TOKEN ?? '';
    const fault = faults.changeJson((reply: { data?: object }) => ({
      ...reply,
      data: { ...reply.data, status: secret },
    }));
    const { variables } = await faultProxy(box, [{ method: 'GET', path: /\/builds\//, times: 999, fault }]);
    let isStopped = false;

    const { code, lines, written } = await runOnScreen(['publish', 'app.apk', '--to', 'applivery'], {
      ...size,
      cwd,
      env: variables,
      columns: 24,
      seen: (state, type) => {
        if (isStopped || !/\[redacted\]/.test(state.join(''))) return;
        isStopped = true;
        type('\u0003');
      },
    });

    expect(code, written).toBe(130);
    expect(lines.join('\n')).toMatch(/^· publish:applivery[\s\S]*\[redacted\]/m);
    const shown = written.replace(/\s/g, '');
    const pieces = Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12));
    expect(pieces.filter((piece) => shown.includes(piece))).toEqual([]);
  },
);
