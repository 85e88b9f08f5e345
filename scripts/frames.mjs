// Draws what people see: runs the built program at a real terminal (util-linux's `script`) of 45, 80 and 120 columns, lets a terminal emulator work out
// what then stands on the screen, and writes that as SVG to docs/frames/. Everything goes to a sandbox. npm run frames.

import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { root, runSource } from './run-source.mjs';

const program = join(root, 'bin/apptool.js');
const WIDTHS = [45, 80, 120];
const CONFIG = {
  releases: {
    production: {
      protect: { backend: 'apptego', environment: 'prod' },
      publish: ['autoappstore', { backend: 'applivery', required: false }],
    },
  },
};

/** What is run. With `liveAt` the screen is drawn when the live part last says this, and not at the end. */
const SCENES = [
  { name: 'protect', line: 'protect app.apk --environment prod', more: '--sandbox -f' },
  { name: 'protect-live', line: 'protect big.apk --environment staging', more: '--sandbox -f', liveAt: 'uploading' },
  { name: 'publish', line: 'publish app.apk --to applivery,autoappstore', more: '--sandbox' },
  {
    name: 'release-live',
    line: 'release production big.apk --resume release.json',
    more: '--sandbox -f --allow-debuggable',
    liveAt: 'uploading',
  },
  { name: 'release', line: 'release production app.apk --resume release.json', more: '--sandbox -f' },
  { name: 'doctor', line: 'doctor --to apptego,applivery', more: '--sandbox' },
  { name: 'error', line: 'protect app.apk --environment production', more: '' },
];

const PALETTE = ['#2e3440', '#ff7b86', '#8fd694', '#f0c674', '#8ab4f8', '#d7a6f5', '#7fd7e0', '#e5e9f0'];
const CELL = { width: 8.4, height: 19 };

const folder = await mkdtemp(join(tmpdir(), 'apptool-frames-'));
try {
  await mkdir(join(root, 'docs/frames'), { recursive: true });
  for (const name of await readdir(join(root, 'docs/frames')))
    if (name.endsWith('.svg')) await rm(join(root, 'docs/frames', name));
  for (const columns of WIDTHS) for (const scene of SCENES) await draw(scene, columns);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function draw(scene, columns) {
  const cwd = await mkdtemp(join(folder, 'run-'));
  await copyFile(join(root, 'fixtures/sample.apk'), join(cwd, 'app.apk'));
  await writeFile(join(cwd, 'apptool.config.json'), JSON.stringify(CONFIG));
  if (scene.line.includes('big.apk')) await makeBig(join(cwd, 'big.apk'));
  const chunks = await run(`${scene.line} ${scene.more}`, columns, cwd);
  const shown = scene.liveAt === undefined ? chunks : untilLive(chunks, scene.liveAt);
  const rows = await screenOf(shown, columns);
  const file = join(root, 'docs/frames', `${scene.name}-${columns}.svg`);
  await writeFile(file, svgOf([prompt(scene.line), ...rows], columns, `apptool ${scene.line}`));
  console.log(file.slice(root.length));
}

async function makeBig(path) {
  const { padApk } = await runSource('src/testing/pad-apk.ts');
  await padApk(join(root, 'fixtures/unsigned.apk'), path, 115_300_000);
}

/** What the program wrote, in the pieces in which it did. */
function run(line, columns, cwd) {
  const command = `stty cols ${columns} rows 40 && exec node ${program} ${line}`;
  const env = { PATH: process.env.PATH, HOME: cwd, TERM: 'xterm-256color', COLORTERM: '', LANG: 'C.UTF-8' };
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(chunks));
  });
}

/** Up to the last piece in which the live part says this, with the time that is left where there is room for it. */
function untilLive(chunks, word) {
  const lastWith = (more) =>
    chunks.findLastIndex(
      (chunk) => chunk.includes(word) && chunk.includes(more) && /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/.test(chunk.toString()),
    );
  const [timed, any] = [lastWith(' left'), lastWith('')];
  const last = timed < 0 ? any : timed;
  if (last < 0) throw new Error(`no live part says "${word}"`);
  return chunks.slice(0, last + 1);
}

/** The rows of the screen: runs of text of one look. */
async function screenOf(chunks, columns) {
  const terminal = new xterm.Terminal({ cols: columns, rows: 60, allowProposedApi: true });
  await new Promise((resolve) => terminal.write(Buffer.concat(chunks), resolve));
  const buffer = terminal.buffer.active;
  const rows = [];
  for (let y = 0; y < buffer.length; y += 1) rows.push(runsOf(buffer.getLine(y), columns));
  while (rows.at(-1)?.length === 0) rows.pop();
  return rows;
}

function runsOf(line, columns) {
  const runs = [];
  for (let x = 0; x < columns; x += 1) {
    const cell = line?.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.getChars() || ' ';
    const look = {
      color: cell.isFgPalette() ? cell.getFgColor() : null,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
    };
    const before = runs.at(-1);
    if (before !== undefined && JSON.stringify(before.look) === JSON.stringify(look)) before.text += text;
    else runs.push({ x, text, look });
  }
  while (runs.length > 0 && runs.at(-1).text.trim() === '') runs.pop();
  return runs;
}

function prompt(line) {
  return [{ x: 0, text: `$ apptool ${line}`, look: { color: null, bold: true, dim: false } }];
}

function svgOf(rows, columns, title) {
  const longest = Math.max(
    columns,
    ...rows.map((row) => row.reduce((end, { x, text }) => Math.max(end, x + text.length), 0)),
  );
  const [width, height] = [Math.ceil(longest * CELL.width + 32), Math.ceil(rows.length * CELL.height + 32)];
  const lines = rows.flatMap((row, index) => row.flatMap(words).map((run) => textOf(run, index)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<rect width="100%" height="100%" rx="8" fill="#1b2027"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#dfe5ec">
${lines.join('\n')}
</g>
</svg>
`;
}

/** What stands between wide gaps, each in its own place: not every viewer keeps several spaces. */
function words(run) {
  return [...run.text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: text, index }) => ({ ...run, text, x: run.x + index }));
}

function textOf({ x, text, look }, row) {
  const color = look.color === null ? '' : ` fill="${PALETTE[look.color % 8]}"`;
  const weight = look.bold ? ' font-weight="bold"' : '';
  const faint = look.dim ? ' opacity="0.7"' : '';
  const left = (16 + x * CELL.width).toFixed(1);
  const span = (text.length * CELL.width).toFixed(1);
  return `<text x="${left}" y="${(30 + row * CELL.height).toFixed(0)}" textLength="${span}"${color}${weight}${faint}>${escaped(text)}</text>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
