import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { supervised } from '../../../src/ssh/supervised.ts'

/** What is /bin/sh on Debian, on Fedora and Arch, and on Alpine. */
const shells = [['dash'], ['bash', '--posix'], ['busybox', 'sh']]

describe.each(shells)('%s %s', (program, ...given) => {
  const run = (script: string, input = '') => {
    const flags = given.filter((flag) => flag !== undefined)
    const { status, signal, stdout, stderr } = spawnSync(program, [...flags, '-c', supervised(script)], {
      input,
    })
    return { status, signal, stdout: String(stdout), stderr: String(stderr) }
  }

  test('its streams and its exit code are those of the script', () => {
    const script = 'cat; echo err >&2; exit 7'
    expect(run(script, 'in')).toEqual({ status: 7, signal: null, stdout: 'in', stderr: 'err\n' })
  })

  test.each(['HUP', 'INT', 'KILL', 'PIPE', 'SEGV', 'TERM'])(
    'killed by %s it is killed too, and says nothing',
    (name) => {
      const result = run(`exec sh -c 'kill -${name} $$'`)
      // bash says of no program that it was killed, and 129 is what git ends with.
      if (program === 'bash' && name === 'HUP') expect(result).toMatchObject({ status: 129, signal: null })
      else expect(result).toEqual({ status: null, signal: `SIG${name}`, stdout: '', stderr: '' })
    },
  )

  test.each([
    ['BUS', 135],
    ['TRAP', 133],
    ['XCPU', 152],
  ])('a signal that SSH has no name for, %s, is a code', (name, status) => {
    expect(run(`exec sh -c 'kill -${name} $$'`)).toEqual({ status, signal: null, stdout: '', stderr: '' })
  })

  test('does not end with what it left in the background', () => {
    const { status, stdout } = run('sleep 600 >/dev/null 2>&1 & echo $!')
    process.kill(Number(stdout), 'SIGKILL')
    expect(status).toBe(0)
  })
})
