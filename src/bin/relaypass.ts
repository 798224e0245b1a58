#!/usr/bin/env node
import { loadProgram } from './load-program.ts';

void loadProgram('program', import.meta.dirname, require).runToExit(process.argv.slice(2));
