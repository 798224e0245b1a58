/** docs/metrics.md, the alert rules and the dashboard, held to the metrics that there are. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { METRICS, PUBLISH_SECONDS } from '../../src/metrics/catalogue.ts';
import { prometheusTools } from '../e2e/lab/tools.ts';

const DOCS = path.resolve(import.meta.dirname, '../../../docs');
const PAGE = readFileSync(path.join(DOCS, 'metrics.md'), 'utf8');
const RULES = path.join(DOCS, 'examples/relaypass.rules.yml');
const RULE_TESTS = path.resolve(import.meta.dirname, '../../../test/docs/relaypass.rules.test.yml');
const DASHBOARD = readFileSync(path.join(DOCS, 'examples/grafana-dashboard.json'), 'utf8');

const ALL = [...METRICS, PUBLISH_SECONDS];

/** The metrics that a text names, a histogram's series among them. */
function namedIn(text: string): string[] {
  const names = text.match(/\brelaypass_[a-z_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))];
}

test('docs/metrics.md has a row for each metric, and no other', () => {
  const rows = ALL.map(({ name, type, labels, help }) => {
    const told = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${told} | ${help} |`;
  });
  const table = PAGE.split('\n').filter((line) => line.startsWith('| `relaypass_'));
  expect(table).toEqual(rows);
});

test('names of metrics follow the conventions', () => {
  for (const { name, type } of ALL) {
    expect(name).toMatch(/^relaypass_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
  }
  expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
});

test.each([
  ['alert rules', readFileSync(RULES, 'utf8')],
  ['the dashboard', DASHBOARD],
])('%s name only metrics that there are', (_, text) => {
  const names = namedIn(text);
  expect(names.length).toBeGreaterThan(5);
  expect(ALL.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
});

test('the dashboard shows every metric', () => {
  const shown = new Set(namedIn(DASHBOARD));
  const hidden = ALL.map(({ name }) => name).filter((name) => !shown.has(name));
  expect(hidden).toEqual([
    'relaypass_config_last_reload_successful', // an alert
    'relaypass_config_loaded_timestamp_seconds',
    'relaypass_start_timestamp_seconds',
  ]);
});

const tools = prometheusTools();
const withPromtool = tools === undefined ? test.skip : test;

withPromtool('promtool finds nothing wrong with the alert rules, and they fire when they should', () => {
  const promtool = path.join(tools?.folder ?? '', 'promtool');
  const [line = ''] = /(?<=^ {4}promtool ).*/m.exec(PAGE) ?? [];
  const args = line.split(' ').map((word) => word.replace('/usr/share/doc/relaypass', DOCS)); // where the package has it
  expect(args).toEqual(['check', 'rules', RULES]);
  expect(execFileSync(promtool, args, { encoding: 'utf8' })).toContain('SUCCESS');
  expect(execFileSync(promtool, ['test', 'rules', RULE_TESTS], { encoding: 'utf8' })).toContain('SUCCESS');
});
