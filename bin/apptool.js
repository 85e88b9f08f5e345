#!/usr/bin/env node
import process from 'node:process';
import { main, setEngineFlags } from '../dist/main.js';

setEngineFlags(process.versions.node);
process.exitCode = await main(process);
