import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { packageRoot } from '../../../src/lib/files/package-root.ts'
import { copyBox } from '../../helpers/box-copy.ts'

// The templates for CI services, and their commands in a root like a container's: an ordinary user and no /dev/kvm.
// npm fetches the dependencies of the packed program, posada/tiny boots three times: about a minute.

const templates = join(packageRoot(), 'templates', 'ci')
const read = (name: string) => parse(readFileSync(join(templates, name), 'utf8'))
const github = read('github-action/action.yml')
const workflow = read('github-workflow.yml')
const gitlab = read('gitlab.yml')

interface Step {
  run?: string
  shell?: string
  uses?: string
  env?: Record<string, string>
}

let home: string
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'posada-ci-'))
  const options = { cwd: packageRoot() }
  const { stdout } = await execa(
    'npm',
    ['pack', '--json', '--loglevel=error', '--pack-destination', home],
    options,
  )
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  cpSync(join(home, filename), join(home, 'posada.tgz'))
  copyBox('posada/tiny', join(home, 'data'))
  const project = join(home, 'shop')
  mkdirSync(project)
  writeFileSync(
    join(project, 'posada.yaml'),
    'version: 1\nbox: posada/tiny\nprovider: qemu\nmemory: 192MiB\n',
  )
  writeFileSync(join(project, 'tool'), '#!/bin/sh\nmkdir -p reports; echo "of the guest" > reports/tool\n', {
    mode: 0o755,
  })
}, 120_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Runs a script there, in the project's folder. */
async function inJob(script: string, env: Record<string, string> = {}) {
  const helper = join(packageRoot(), 'test', 'helpers', 'clean-root.sh')
  const { PATH = '', NODE_EXTRA_CA_CERTS } = process.env
  const { stdout: registry } = await execa('npm', ['config', 'get', 'registry'])
  return execa('sh', [helper, home, 'sh', '-euc', `cd shop\n${script}`], {
    env: {
      ...{ PATH, HOME: '/home/ci', XDG_DATA_HOME: '/home/ci/data', npm_config_registry: registry },
      ...(NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS }),
      ...{ POSADA_PACKAGE: '/home/ci/posada.tgz', CI: 'true', ...env },
    },
    extendEnv: false,
    reject: false,
    all: true,
  })
}

describe('templates for CI', () => {
  it('name only flags, steps and commands that there are', () => {
    const steps: Step[] = [...github.runs.steps, ...workflow.jobs.test.steps]
    for (const step of steps) expect([step.run, step.uses].filter((one) => one !== undefined)).toHaveLength(1)
    // A composite action has to say which shell, and takes no input into a script but through its environment.
    for (const { run, shell } of github.runs.steps.filter(({ run: script }: Step) => script !== undefined)) {
      expect(shell).toBe('sh')
      expect(run).not.toContain('${{')
    }
  })

  it('the shell script installs, looks at the runner, and runs a command in a machine', async () => {
    cpSync(join(templates, 'run.sh'), join(home, 'run.sh'))
    const ran = await inJob('sh ../run.sh ./tool')
    expect(ran.all).toContain('/dev/kvm does not exist: machines are emulated')
    expect(ran.exitCode, ran.all).toBe(0)
    expect(readFileSync(join(home, 'shop', 'reports', 'posada.xml'), 'utf8')).toContain(
      'failures="0" errors="0"',
    )
    expect((await inJob('sh ../run.sh')).exitCode).toBe(2)
  }, 300_000)

  it("docs/ci.md leads from an empty repository to a green job: GitHub's steps find the key of the cache and bring the reports out", async () => {
    const text = readFileSync(join(packageRoot(), 'docs', 'ci.md'), 'utf8').split(/^## /m)[1] ?? ''
    const [install = '', start = ''] = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block)
    const [, row = ''] = /^\| GitHub Actions \| (.*) \|$/m.exec(text) ?? []
    const copies = [...row.matchAll(/`([^`]+)` to `([^`]+)`/g)].map(
      ([, from, to]) =>
        `mkdir -p "$(dirname ${to})"; cp "$(npm root --global)/posada/templates/ci/${from}" ${to}`,
    )
    expect(copies).toHaveLength(2)
    const steps: Step[] = [...github.runs.steps, ...workflow.jobs.test.steps]
    const job = steps.flatMap(({ run }) => run?.replace('make test', './test.sh') ?? [])
    const script = [
      'PATH=/home/ci/.local/bin:$PATH',
      'mkdir ../new && cp ../posada.tgz ../new && cd ../new',
      ...[install, start, ...copies],
      `echo 'mkdir -p reports; echo "of the guest" > reports/tool' >> test.sh`,
      'git add . && git commit -m "Test in CI" && git clone . ../job && cd ../job',
      ...['export GITHUB_ACTIONS=true', ...job],
    ].join('\n')
    const ran = await inJob(script, {
      ...{ npm_config_prefix: '/home/ci/.local', POSADA_PACKAGE: github.inputs.package.default },
      ...{ GITHUB_OUTPUT: '/home/ci/output', GITHUB_STEP_SUMMARY: '/home/ci/summary' },
      ...{ GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.com' },
      ...{ GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.com' },
    })
    expect(ran.exitCode, ran.all).toBe(0)
    expect(ran.all?.match(/^Linux /gm)).toHaveLength(2)
    expect(readFileSync(join(home, 'output'), 'utf8')).toMatch(
      /^key=posada-linux-\w+-[0-9a-f]{16}\nrestore=posada-linux-\w+-\npaths<<END\n\/home\/ci\/data\/posada\/boxes\n.*\nEND\n$/,
    )
    expect(readFileSync(join(home, 'new', 'job', 'reports', 'tool'), 'utf8')).toBe('of the guest\n')
    expect(readFileSync(join(home, 'summary'), 'utf8')).toContain('| ok | 0 |')
    expect(ran.all).toMatch(/^::group::posada: machines$/m)
  }, 300_000)

  it("GitLab's scripts install, and the job of the first comment runs, without the cache in its machine", async () => {
    const text = readFileSync(join(templates, 'gitlab.yml'), 'utf8')
    const [, example = ''] = /^# {3}(test: .*)$/m.exec(text) ?? []
    const { extends: base, script } = parse(example).test
    const job = gitlab[base]
    const [run] = script
    const within = `test ! -e .cache/data/posada && test -e .cache/data && ./tool`
    const paths = job.cache.paths.map(
      (path: string) => `test -d "$CI_PROJECT_DIR/${path.split('/posada/')[0]}"`,
    )
    const project = '/home/ci/shop'
    const variables = Object.entries<string>({ ...job.variables, POSADA_PACKAGE: '/home/ci/posada.tgz' })
    const ran = await inJob(
      [
        'PATH=/home/ci/.local/bin:$PATH',
        'mkdir -p .cache/cache && mv ../data .cache/data',
        ...job.before_script,
        run.replace('make test', `sh -c '${within}'`),
        ...paths,
      ].join('\n'),
      {
        ...{ npm_config_prefix: '/home/ci/.local', GITLAB_CI: 'true', CI_PROJECT_DIR: project },
        ...Object.fromEntries(
          variables.map(([name, value]) => [name, value.replace('$CI_PROJECT_DIR', project)]),
        ),
      },
    )
    expect(ran.exitCode, ran.all).toBe(0)
    expect(ran.all).toMatch(/section_start:\d+:posada-machines/)
    expect(readFileSync(join(home, 'shop', job.artifacts.reports.junit), 'utf8')).toContain('failures="0"')
  }, 300_000)
})
