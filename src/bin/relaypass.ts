#!/usr/bin/env node
import { loadProgram } from './load-program.ts';

void loadProgram('program').runToExit(process.argv.slice(2));
