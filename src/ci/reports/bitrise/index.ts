import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalIoError } from '../../../contract/errors.ts';
import type { Listener } from '../../../contract/record/listener.ts';
import { whyNotInto } from '../../files/named-folder.ts';
import { cannotWrite, whyNot } from '../../files/refusal.ts';
import { junitReport } from '../junit/junit-report.ts';
import { keyOf, keysIn } from '../key-values/key-value-report.ts';
import { type ReportKind, type ReportsInput, warnerOf } from '../report-kind.ts';
import { runValues } from '../run-values.ts';
import { DEPLOY_FOLDER, deploy } from './deploy-folder.ts';
import { addByEnvman, findEnvman } from './envman.ts';

const NAME = '--bitrise';
/** The step's own: https://docs.bitrise.io/en/bitrise-ci/testing/test-reports/deploying-test-results */
const TEST_FOLDER = 'BITRISE_TEST_RESULT_DIR';

/** A part of what is written there, what it needs, and why that is not there. */
interface Part {
  readonly needs: string;
  readonly whyNot: (input: ReportsInput) => string | null;
  readonly open: (input: ReportsInput) => Listener;
}

const PARTS: readonly Part[] = [
  {
    needs: TEST_FOLDER,
    whyNot: ({ environment }) => whyNotInto(TEST_FOLDER, environment),
    open: testResults,
  },
  {
    needs: DEPLOY_FOLDER,
    whyNot: ({ environment }) => whyNotInto(DEPLOY_FOLDER, environment),
    open: deployed,
  },
  {
    needs: 'envman',
    whyNot: ({ environment }) => (findEnvman(environment) === null ? 'it is not on the PATH' : null),
    open: variables,
  },
];

/** Variables for the steps that follow, test results, and the files to keep. In Bitrise by itself; what is not there is then done without. */
export const BITRISE: ReportKind = {
  lacks: (input) =>
    PARTS.flatMap(({ needs, whyNot: why }) => {
      const found = isOn(input) ? why(input) : null;
      return found === null ? [] : [`apptool writes nothing to ${needs} of Bitrise: ${found}`];
    }),
  open: (input) => {
    if (!isOn(input)) return [];
    return PARTS.flatMap(({ needs, whyNot: why, open }) => {
      const found = why(input);
      if (found !== null && input.settings.bitrise === true) throw cannotWrite(needs, found);
      return found === null ? [lenient(open(input), input)] : [];
    });
  },
};

function isOn({ settings, provider }: ReportsInput): boolean {
  return settings.bitrise ?? provider === 'bitrise';
}

/** What nobody asked for fails no run. */
function lenient(listener: Listener, { settings, warn }: ReportsInput): Listener {
  if (settings.bitrise === true) return listener;
  return {
    ...listener,
    ended(end) {
      try {
        listener.ended?.(end);
      } catch (cause) {
        const error = cause instanceof LocalIoError ? cause : cannotWrite(listener.name, whyNot(cause), cause);
        warn('report-unwritable', error.message);
      }
    },
  };
}

function variables(input: ReportsInput): Listener {
  const { redactor, environment } = input;
  return {
    name: NAME,
    ended({ document, receipt }) {
      const envman = findEnvman(environment);
      if (envman === null) throw cannotWrite('envman', 'it is not on the PATH');
      const { values, unfit } = runValues({ document, receipt }, redactor);
      const given = new Map(values.map(({ name, value }) => [keyOf(name), value]));
      for (const key of keysIn(environment)) if (!given.has(key)) given.set(key, '');
      for (const [key, value] of given) addByEnvman(envman, environment, key, value);
      warnerOf(input)(NAME, unfit.map(keyOf));
    },
  };
}

/**
 * A folder with the report and the name that the page of the build shows of it:
 * https://github.com/bitrise-steplib/steps-deploy-to-bitrise-io/blob/master/test/test.go, `ParseTestResults`.
 */
function testResults(input: ReportsInput): Listener {
  const { command, settings, environment } = input;
  const name = settings.junitSuite ?? `apptool ${command}`;
  const folder = join(environment[TEST_FOLDER] ?? '', `apptool-${randomBytes(4).toString('hex')}`);
  return junitReport(TEST_FOLDER, input, (text) => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'apptool.xml'), text);
    writeFileSync(join(folder, 'test-info.json'), `${JSON.stringify({ 'test-name': name })}\n`);
  });
}

function deployed({ environment, settings }: ReportsInput): Listener {
  const folder = environment[DEPLOY_FOLDER] ?? '';
  return { name: DEPLOY_FOLDER, ended: (end) => deploy(end, { folder, force: settings.force === true }) };
}
