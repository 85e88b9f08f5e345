import { type Element, readXml } from './ci-files.ts';

/** What stands in an element: its attributes, those that it must have, the elements in it, and whether text does. */
interface Form {
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  readonly children?: readonly string[];
  readonly isText?: boolean;
}

const OUTPUT: Form = { isText: true };
const RESULT: Form = { optional: ['type', 'message'], isText: true };
/** The elements of Surefire's second tries (`rerunFailure` and its like) are left out: nothing of ours runs a test again. */
const FORMS: Readonly<Record<string, Form>> = {
  testsuites: { optional: ['name', 'time', 'tests', 'failures', 'errors'], children: ['testsuite'] },
  testsuite: {
    required: ['name', 'tests', 'failures', 'errors'],
    optional: ['group', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'file', 'log', 'url'],
    children: ['testsuite', 'properties', 'testcase', 'system-out', 'system-err'],
  },
  properties: { children: ['property'] },
  property: { required: ['name', 'value'] },
  testcase: {
    required: ['name'],
    optional: ['time', 'classname', 'group'],
    children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  skipped: RESULT,
  error: RESULT,
  failure: RESULT,
  'system-out': OUTPUT,
  'system-err': OUTPUT,
};
/** SUREFIRE_TIME: seconds, with commas between thousands, and a fraction. */
const TIME = /^[\d,]*(?:\.\d*)?$/;

/**
 * A JUnit report, by the rules of the schema that Jenkins' xUnit plugin checks with (jenkinsci/xunit-plugin, junit-10.xsd; its order of elements is
 * free where we have more than one kind). Beyond it: a suite counts what is in it. Throws for what breaks a rule.
 */
export function readJUnit(text: string): Element {
  const root = readXml(text);
  if (!['testsuites', 'testsuite'].includes(root.name)) throw new Error(`no report: ${root.name}`);
  const [fault] = faultsOf(root);
  if (fault !== undefined) throw new Error(fault);
  return root;
}

function faultsOf(element: Element): string[] {
  const { name, attributes, children } = element;
  const form = FORMS[name];
  if (form === undefined) return [`no such element: ${name}`];
  const { required = [], optional = [], children: allowed = [], isText = false } = form;
  const own = [
    ...required.filter((key) => attributes[key] === undefined).map((key) => `has no ${key}`),
    ...Object.keys(attributes).flatMap((key) => ([...required, ...optional].includes(key) ? [] : [`has ${key}`])),
    ...(name.startsWith('testsuite') && !TIME.test(attributes.time ?? '') ? [`time is ${attributes.time}`] : []),
    ...children.flatMap((child) => (allowed.includes(child.name) ? [] : [`holds ${child.name}`])),
    ...(isText || textOf(element) === '' ? [] : [`holds the text ${textOf(element)}`]),
  ];
  return [...own.map((what) => `${name} ${what}`), ...children.flatMap(faultsOf)];
}

/** Without that of its children, which it has too. */
function textOf({ text, children }: Element): string {
  return children.reduce((rest, child) => rest.replace(child.text, () => ''), text).trim();
}
