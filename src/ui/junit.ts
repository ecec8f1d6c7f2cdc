import { withoutColours } from './text.ts'

/** One thing that was tried. */
export interface JunitCase {
  name: string
  ms: number
  /** Null: it passed. `error`: it could not be tried. */
  failure: { kind: 'failure' | 'error'; message: string } | null
  /** The end of what it wrote. */
  output: string
}

/**
 * A report as CI services read it. Source: the schema of Jenkins' xUnit plug-in (junit-10.xsd); XML 1.0, 2.2
 * (characters that a document may have).
 */
export function junitReport(suite: string, cases: readonly JunitCase[]): string {
  const count = (kind: string) => cases.filter(({ failure }) => failure?.kind === kind).length
  const total = cases.reduce((sum, { ms }) => sum + ms, 0)
  const counts = `tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="0"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name=${quoted(suite)} time="${seconds(total)}">`,
    `  <testsuite name=${quoted(suite)} ${counts} time="${seconds(total)}">`,
    ...cases.map((one) => testCase(suite, one)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

function testCase(suite: string, { name, ms, failure, output }: JunitCase): string {
  const inside = [
    ...(failure === null ? [] : [`<${failure.kind} message=${quoted(failure.message)}/>`]),
    ...(output === '' ? [] : [`<system-out>${escaped(withoutColours(output))}</system-out>`]),
  ]
  const lines = inside.map((line) => `\n      ${line}`).join('')
  return `    <testcase classname=${quoted(suite)} name=${quoted(name)} time="${seconds(ms)}">${lines}\n    </testcase>`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`
}

function escaped(text: string): string {
  return text
    .replace(/[^\t\n\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
