import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { serve } from '../../../src/app/autopkgtest-virt.ts'
import type { Testbed } from '../../../src/machine/index.ts'

/** What the other side is told, and what is done to the testbed, in order. */
async function talk(...lines: string[]): Promise<{ answers: string[]; done: string[]; error: unknown }> {
  const done: string[] = []
  const bed: Testbed = {
    machine: 'web',
    open: async () => '/tmp/autopkgtest.x',
    revert: async () => '/tmp/autopkgtest.x',
    reboot: async (how) => void done.push(`reboot ${how}`),
    close: async () => void done.push('close'),
    copyDown: async (host, guest) => void done.push(`down ${host} ${guest}`),
    copyUp: async (guest, host) => void done.push(`up ${guest} ${host}`),
  }
  let text = ''
  const write = (piece: string) => {
    text += piece
  }
  const input = Readable.from(lines.map((line) => `${line}\n`))
  const shell = async (command: readonly string[]) => void done.push(`shell ${command.slice(4).join(' ')}`)
  const error = await serve(bed, ['/a b/node', 'exec', '--'], { input, write, shell }).catch(
    (thrown) => thrown,
  )
  return { answers: text.trim().split('\n'), done, error }
}

it('speaks the protocol', async () => {
  const { answers, done, error } = await talk(
    ...['capabilities', 'open', 'print-execute-command', 'copydown /a%20b /tmp/c', 'copyup /tmp/d/ /e/'],
    ...[
      'shell /tmp/a%20b A=%22x%20y%22 B=%22%22',
      'revert',
      'reboot',
      'reboot prepare-only',
      'auxverb_debug_fail',
      'close',
      'open',
      'quit',
    ],
  )
  expect(answers).toEqual([
    ...[
      'ok',
      'ok reboot revert revert-full-system root-on-testbed isolation-machine',
      'ok /tmp/autopkgtest.x',
    ],
    ...[
      'ok %2Fa%20b%2Fnode,exec,--',
      ...['ok', 'ok', 'ok'],
      'ok /tmp/autopkgtest.x',
      ...['ok', 'ok', 'ok', 'ok'],
      'ok /tmp/autopkgtest.x',
      'ok',
    ],
  ])
  expect(done).toEqual([
    ...[
      'down /a b /tmp/c',
      'up /tmp/d/ /e/',
      'shell /tmp/a b A=x y B=',
      'reboot asked',
      'reboot by itself',
      'close',
    ],
  ])
  expect(error).toBeUndefined()
})

it.each([
  [['revert']],
  [['open', 'open']],
  [['open', 'restart']],
  [['reboot']],
  [['shell /']],
  [['open', 'copyup /tmp/a/ /b']],
  [['open', 'copyup /tmp/a']],
  [['open', 'copydown %zz /b']],
  [['open']],
])('ends with an error at %j', async (lines) => {
  const { error } = await talk(...lines)
  expect(error).toMatchObject({ code: 'E_USAGE' })
})
