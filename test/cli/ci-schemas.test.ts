import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { validateAction, validateWorkflow } from '@action-validator/core'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/lib/files/package-root.ts'

// The templates for CI services against the schemas of these services, as two packages of npm bring them.

const read = (name: string) => readFileSync(join(packageRoot(), 'templates', 'ci', name), 'utf8')

describe.each([
  ['github-action/action.yml', validateAction, 'using: composite', 'using: compost'],
  ['github-workflow.yml', validateWorkflow, 'runs-on:', 'runs_on:'],
] as const)('%s', (name, validate, right, wrong) => {
  const text = read(name)
  it('is as the schema of GitHub Actions has it', () => {
    expect(validate(text).errors).toEqual([])
    expect(validate(text.replace(right, wrong)).errors).not.toEqual([])
  })
})

describe('gitlab.yml', () => {
  /** What Node.js 20 does not have and the program takes for granted. */
  const missing = 'Set.prototype.union ??= function (other) { return new Set([...this, ...other]) }'
  const program = fileURLToPath(import.meta.resolve('gitlab-ci-local'))
  let home: string
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'posada-gitlab-'))
    mkdirSync(join(home, '.gitlab'))
    await execa('git', ['init', '--quiet'], { cwd: home })
    await execa('git', ['remote', 'add', 'origin', 'https://gitlab.example/shop/shop.git'], { cwd: home })
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  /** The jobs of a project that has this template as its first comment says, or what is wrong with it. */
  async function jobs(template: string) {
    const [, include = '', test = ''] = /^# {3}(include: .*)\n# {3}(test: .*)$/m.exec(template) ?? []
    writeFileSync(join(home, '.gitlab', 'posada.yml'), template)
    writeFileSync(join(home, '.gitlab-ci.yml'), `${include}\n${test}\n`)
    await execa('git', ['add', '.gitlab', '.gitlab-ci.yml'], { cwd: home })
    const preload = `data:text/javascript,${encodeURIComponent(missing)}`
    const argv = ['--import', preload, program, '--list-json']
    const { exitCode, stdout, stderr } = await execa(process.execPath, argv, {
      ...{ cwd: home, env: { PATH: process.env.PATH, HOME: home }, extendEnv: false, reject: false },
    })
    return exitCode === 0 ? JSON.parse(stdout).map(({ name }: { name: string }) => name) : stderr
  }

  it("is as GitLab's schema has it", async () => {
    expect(await jobs(read('gitlab.yml'))).toEqual(['test'])
    expect(await jobs(read('gitlab.yml').replace('when: always', 'when: sometimes'))).toContain('sometimes')
  }, 120_000)
})
