// Loaded before the program (node --import): a disk that loses its power. POWER_CUT (JSON) names the receipt, the file that stands for what is on
// the disk, and perhaps at which write of the receipt the power goes: `before` its rename, `between` that and the sync of its folder, or `after`.
// On the disk is what was synced: a file's bytes by its own fsync, its name by that of its folder (man 2 fsync).
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, resolve } from 'node:path';

const { receipt, disk, write = 0, when } = JSON.parse(process.env.POWER_CUT ?? '{}');
const { openSync, fsyncSync, renameSync } = fs;
const opened = new Map();
const synced = new Set();
let writes = 0;
let isNamed = true;
let isWhole = true;

const cut = (moment) => {
  if (writes !== write || when !== moment) return;
  process.kill(process.pid, 'SIGKILL');
  // A signal may take a moment, in which nothing may happen any more.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

fs.openSync = (path, ...rest) => {
  const fd = openSync(path, ...rest);
  opened.set(fd, resolve(String(path)));
  return fd;
};
fs.fsyncSync = (fd) => {
  fsyncSync(fd);
  synced.add(opened.get(fd));
  if (isNamed || opened.get(fd) !== dirname(receipt)) return;
  isNamed = true;
  // In one step: a kill that comes now must not leave half of it.
  fs.writeFileSync(`${disk}.new`, isWhole ? fs.readFileSync(receipt) : '');
  renameSync(`${disk}.new`, disk);
  cut('after');
};
fs.renameSync = (from, to) => {
  if (resolve(String(to)) !== receipt) return renameSync(from, to);
  writes += 1;
  cut('before');
  isWhole = synced.delete(resolve(String(from)));
  renameSync(from, to);
  isNamed = false;
  cut('between');
};

syncBuiltinESMExports();
