import { checkHost, type Extent } from '../check/host.ts';
import type { Finding } from '../check/finding.ts';
import { EXIT } from '../errors.ts';
import { escapeControls } from '../log.ts';
import { defineCommand, print, printJson } from './command.ts';
import { paint, terminalOf, type Terminal } from './terminal.ts';
import { wrap } from './wrap.ts';

/** `relaypass check`: each finding with what to do; exit 78 when one of them is an error. */
export const command = defineCommand(
  (argv) =>
    argv
      .option('config-only', { type: 'boolean', default: false, describe: 'Only the configuration and the patterns' })
      .option('mta', {
        type: 'boolean',
        default: false,
        describe: 'Only whether the MTAs relay for whom they should, tried with their own rules',
      })
      .example('$0 check', 'is the host ready?')
      .example('$0 check --mta', 'are Sendmail and Postfix wired? As root')
      .example('$0 check --config-only', 'is the configuration valid?')
      .epilog('Exit status: 0, or 78 where something is in error. JSON: severity, what, todo.')
      .option('json', { type: 'boolean', default: false, describe: 'Print JSON: one array' })
      .option('jsonl', { type: 'boolean', default: false, describe: 'Print JSON: one object a line' }),
  async ({ config, 'config-only': configOnly, mta, json, jsonl }) => {
    const findings = await checkHost(config, extentOf({ configOnly, mta }));
    if (json) printJson(findings);
    else if (jsonl) findings.forEach((finding) => print(JSON.stringify(finding)));
    else print(findings.flatMap((finding) => render(finding, terminalOf())).join('\n'));
    return findings.some(({ severity }) => severity === 'error') ? EXIT.config : EXIT.ok;
  },
);

function extentOf({ configOnly, mta }: Readonly<Record<'configOnly' | 'mta', boolean>>): Extent {
  if (configOnly) return 'configuration';
  return mta ? 'mta' : 'host';
}

const LABEL_WIDTH = 'warning  '.length;
const LEAST_WIDTH = 20;
const TONES = { ok: 'good', warning: 'doubtful', error: 'bad' } as const;

function render({ severity, what, todo }: Finding, terminal: Terminal): string[] {
  const width = Math.max(LEAST_WIDTH, (terminal.columns ?? Infinity) - LABEL_WIDTH);
  const texts = todo === undefined ? [what] : [what, `-> ${todo}`];
  const lines = texts.flatMap((text) => wrap(escapeControls(text), width));
  return lines.map((line, index) => {
    if (index > 0) return ' '.repeat(LABEL_WIDTH) + line;
    return paint(severity.padEnd(LABEL_WIDTH), TONES[severity], terminal) + line;
  });
}
