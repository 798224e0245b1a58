#!/usr/bin/env node
import { loadProgram } from './load-program.ts';

void loadProgram().runToExit(process.argv.slice(2));
