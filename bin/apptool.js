#!/usr/bin/env node
// CommonJS (bin/package.json): that starts sooner than an ES module, and a help page needs no more. All else is loaded by start.
const { start } = require('../dist/start.cjs');

// A program that has nothing left to wait for ends, whether its work is done or not.
const endsTooSoon = () => {
  process.exitCode = 1;
  process.stderr.write('error[internal]: apptool ended before its work did\n');
};
process.once('beforeExit', endsTooSoon);
start(process, `${__dirname}/../dist`).then((code) => {
  process.off('beforeExit', endsTooSoon);
  process.exitCode = code;
});
