#!/usr/bin/env node
import process from 'node:process';
import { builtin, main } from 'apptool/backend-kit';
import { quay } from '../out/index.js';

process.exitCode = await main(process, { backends: [...builtin, quay] });
