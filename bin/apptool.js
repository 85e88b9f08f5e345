#!/usr/bin/env node
// The global: to import `process` costs a millisecond, since that asks it for all that it has.
import { start } from '../dist/start.js';

process.exitCode = await start(process);
