import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makePlace } from '../helpers/posada.ts'

const place = makePlace('a project')
afterAll(place.remove)

describe('a wrong command line', () => {
  it.each([
    [['shcema'], 'did you mean: posada schema?'],
    [['box', 'lst'], 'did you mean: posada box list?'],
    [['--jsno'], 'there is no flag --jsno without a command'],
    [['status', '--jsno'], 'did you mean --json?'],
    [['schema', 'extra'], 'unexpected argument: extra'],
    [['box', 'add'], 'missing argument: SOURCE'],
    [['completion', 'tcsh'], 'expected tcsh to be one of: bash, zsh, fish'],
    [['logs', '--lines', 'many'], '--lines: expected an integer'],
    [['logs', '--follow', '--json'], '--follow has no end'],
    [['exec', 'web'], 'no command to run'],
  ])('%j ends with 2 and says what was meant', async (argv, text) => {
    const { code, stdout, stderr } = await place.run(...argv)
    expect(code).toBe(2)
    if (argv.includes('--json')) {
      expect(stderr).toBe('')
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'E_USAGE',
        message: expect.stringContaining(text),
      })
    } else {
      expect(stdout).toBe('')
      expect(stderr).toContain(text)
      expect(stderr).toContain('[E_USAGE]')
    }
  })
})

describe('a wrong manifest', () => {
  const wrong = 'version: 1\nmachines:\n  web:\n    box: posada/tiny\n    memory: 1024\n    boxx: 1\n'
  beforeAll(() => writeFileSync(join(place.dir, 'wrong.yaml'), wrong))

  it('is shown with every problem and its place, from a folder with spaces', async () => {
    const { code, stdout, stderr } = await place.run('validate', '-f', 'wrong.yaml')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--> wrong.yaml:5:13')
    expect(stderr).toContain('--> wrong.yaml:6:5')
    expect(stderr).not.toContain('\u001b')
  })

  it('is one JSON document on stdout, and nothing on stderr', async () => {
    const { code, stdout, stderr } = await place.run('up', '--json', '--file', 'wrong.yaml')
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    const { error } = JSON.parse(stdout)
    expect(error).toMatchObject({ code: 'E_MANIFEST_INVALID', value: join(place.dir, 'wrong.yaml') })
    expect(error.problems).toHaveLength(2)
    expect(error.problems[0]).toEqual({
      code: 'E_VALUE_UNIT',
      message: expect.any(String),
      value: '1024',
      place: {
        file: join(place.dir, 'wrong.yaml'),
        line: 5,
        column: 13,
        text: '    memory: 1024',
        length: 4,
      },
      hint: 'did you mean 1024MiB?',
      details: [],
      machine: null,
      problems: [],
    })
  })

  it('is coloured only where colours are wanted', async () => {
    const colour = makePlace('colour', { FORCE_COLOR: '1' })
    try {
      expect((await colour.run('validate')).stderr).toContain('\u001b[31m')
      expect((await colour.run('validate', '--no-color')).stderr).not.toContain('\u001b')
    } finally {
      colour.remove()
    }
  })

  it('shows no stack but with --debug', async () => {
    expect((await place.run('validate')).stderr).not.toMatch(/^\s+at /m)
    expect((await place.run('validate', '--debug')).stderr).toMatch(/PosadaError.*\n\s+at /)
  })
})

describe('what needs to be confirmed', () => {
  it('is refused where no one can be asked', async () => {
    writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: posada/tiny\n')
    const { code, stderr } = await place.run('destroy')
    expect(code).toBe(2)
    expect(stderr).toContain('[E_CONFIRM]')
    expect(stderr).toContain('give --yes')
  })
})

describe('init', () => {
  it('never overwrites a manifest without --force', async () => {
    const fresh = makePlace()
    try {
      expect((await fresh.run('init')).code).toBe(0)
      const again = await fresh.run('init', 'minimal')
      expect(again.code).toBe(2)
      expect(again.stderr).toContain('[E_MANIFEST_EXISTS]')
      expect((await fresh.run('init', 'minimal', '--force')).code).toBe(0)
      expect((await fresh.run('validate')).code).toBe(0)
    } finally {
      fresh.remove()
    }
  })

  it.skipIf(process.getuid?.() === 0)('says so where it may not write', async () => {
    const closed = makePlace()
    try {
      mkdirSync(join(closed.dir, 'closed'))
      chmodSync(join(closed.dir, 'closed'), 0o500)
      const { code, stderr } = await closed.run('init', '--file', 'closed/posada.yaml')
      expect(code).toBe(1)
      expect(stderr).toContain('[E_NO_PERMISSION]')
    } finally {
      chmodSync(join(closed.dir, 'closed'), 0o700)
      closed.remove()
    }
  })
})
