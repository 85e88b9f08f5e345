import { APPTOOL, measure, measureMany, node } from '../processes.mjs';
import { inTurn, of, ratio, report } from '../report.mjs';

const IN_A_ROW = 10;
/** Reading a CA of one's own costs Node.js 20 as much as starting. */
const NO_CA = { NODE_EXTRA_CA_CERTS: '' };

export async function startup() {
  const many = (args, environment) => () => measureMany(IN_A_ROW, node(), args, { ...NO_CA, ...environment });
  const runs = await inTurn(
    {
      node: many(['-e', '0']),
      version: many([APPTOOL, '--version']),
      help: many([APPTOOL, '--help']),
      'protect --help': many([APPTOOL, 'protect', '--help']),
      'a usage error': many([APPTOOL, 'protect', '--nonsense'], { EXPECTED_EXIT: '2' }),
    },
    { least: 9 },
  );
  const { memory } = await measure(node(), [APPTOOL, '--version']);
  report('start-up: node -e 0', `${(of(runs.node, 'wall') * 1000).toFixed(0)} ms`);
  report('start-up: peak memory of --version', `${memory.toFixed(0)} MB`);
  for (const name of Object.keys(runs).filter((one) => one !== 'node')) {
    const against = `${ratio(runs[name], runs.node, 'wall')} x node -e 0, CPU ${ratio(runs[name], runs.node, 'cpu')} x`;
    report(`start-up: ${name}`, `${(of(runs[name], 'wall') * 1000).toFixed(0)} ms = ${against}`, 'P7 <= 1.4 x');
  }
}
