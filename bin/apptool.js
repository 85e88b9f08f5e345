#!/usr/bin/env node
// CommonJS (bin/package.json): that starts sooner than an ES module, and a help page needs no more. All else is loaded by start.
const { start } = require('../dist/start.cjs');

// What ends before it has said how is no success.
process.exitCode = 1;
start(process, `${__dirname}/../dist`).then((code) => {
  process.exitCode = code;
});
