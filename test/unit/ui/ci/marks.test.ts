import { expect, it } from 'vitest'
import { PosadaError } from '../../../../src/errors/index.ts'
import type { PosadaEvent } from '../../../../src/events/index.ts'
import { annotateError, annotateFailure } from '../../../../src/ui/ci/annotate.ts'
import { ciMarks } from '../../../../src/ui/ci/marks.ts'
import { palette } from '../../../../src/ui/colour.ts'
import { markdownTable } from '../../../../src/ui/markdown.ts'
import { plainReporter } from '../../../../src/ui/plain.ts'

const github = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: '/work/shop' }
const gitlab = { GITLAB_CI: 'true' }
const story: PosadaEvent[] = [
  { type: 'section', status: 'start', name: 'posada-machines', title: 'posada: machines' },
  { type: 'step', status: 'done', step: 'boot', message: 'waiting for the guest', machine: 'web', ms: 5000 },
  { type: 'notice', level: 'warn', message: 'no artefact, 100%', hint: 'look', machine: 'web' },
  { type: 'notice', level: 'info', message: 'kept' },
  { type: 'section', status: 'end', name: 'posada-machines', title: 'posada: machines' },
]
function told(env: NodeJS.ProcessEnv): string {
  let text = ''
  const write = (piece: string) => {
    text += piece
  }
  const reporter = plainReporter({ write, paint: palette(false), marks: ciMarks(env) })
  story.forEach(reporter.emit)
  return text
}

it('folds what is told in GitHub Actions, and has warnings shown beside the log', () => {
  expect(told(github)).toBe(
    '::group::posada: machines\n✓ web: waiting for the guest (5s)\n' +
      '::warning title=posada::web: no artefact, 100%25%0Alook\nnote: kept\n::endgroup::\n',
  )
})

it('folds it in GitLab', () => {
  const text = told(gitlab).replace(/:\d{10}:/g, ':AT:')
  expect(text).toBe(
    '\u001b[0Ksection_start:AT:posada-machines[collapsed=true]\r\u001b[0Kposada: machines\n' +
      '✓ web: waiting for the guest (5s)\nwarning: web: no artefact, 100%\n  hint: look\nnote: kept\n' +
      '\u001b[0Ksection_end:AT:posada-machines\r\u001b[0K\n',
  )
})

it('marks nothing elsewhere', () => {
  expect(told({ CI: 'true', GITHUB_ACTIONS: 'false' })).not.toMatch(/::|section/)
  expect(annotateError(new PosadaError('E_USAGE', 'x'), {})).toBe('')
  expect(annotateFailure('exit code 1', gitlab)).toBe('')
})

it('has each problem of a manifest shown at its place, and one outside the repository without', () => {
  const at = (file: string) =>
    new PosadaError('E_VALUE_UNIT', 'no unit:\r\nx', {
      place: { file, line: 5, column: 13 },
      hint: 'did you?',
    })
  const problems = [at('/work/shop/a,b: c.yaml'), at('/etc/base.yaml')]
  const error = new PosadaError('E_MANIFEST_INVALID', 'two problems', { problems })
  expect(annotateError(error, github)).toBe(
    '::error title=posada E_VALUE_UNIT,file=a%2Cb%3A c.yaml,line=5,col=13::no unit:\\x0d%0Ax%0Adid you?\n' +
      '::error title=posada E_VALUE_UNIT::no unit:\\x0d%0Ax%0Adid you?\n',
  )
})

it('lets no text begin a command of its own', () => {
  const hostile = 'x\n::add-path::/tmp\n::error::y'
  expect(annotateFailure(hostile, github).split('\n')).toHaveLength(2)
  expect(ciMarks(github)?.begin({ name: 'a', title: hostile, at: 0 }).split('\n')).toHaveLength(2)
  expect(ciMarks(gitlab)?.begin({ name: 'a\r b', title: '\r\u001b[0K', at: 0 })).not.toMatch(/a\r|\r.*\r/)
})

it('shows text of a guest in Markdown as it is', () => {
  expect(markdownTable(['a'], [['<b>x|`y`\n[z](u)']])).toBe(
    '| a |\n|---|\n| &lt;b\\>x\\|\\`y\\` \\[z\\]\\(u\\) |\n',
  )
})
