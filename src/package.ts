import path from 'node:path';

/** The folder of this relaypass: two below it lie `dist/src`, which the tests run, and `dist/bin`, which ships. */
export const PACKAGE_DIR = path.resolve(import.meta.dirname, '../..');
