import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ShellScripts } from '../../../src/keeper/shell-scripts.ts'
import { loginFilesScript } from '../../../src/ssh/login-files.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'posada-spare-'))
  writeFileSync(join(home, 'rc'), 'one')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const files = '"$HOME/rc"'

function oneLine(script: string): string {
  const argv = ['-c', `set -- $(${script}); echo "$*"`]
  return spawnSync('sh', argv, { env: { ...process.env, HOME: home }, encoding: 'utf8' }).stdout.trim()
}

/** What is /bin/sh on Debian, on Fedora and Arch, and on Alpine; the last tells times by the second. */
describe.each(['dash', 'bash --posix', 'busybox sh'])('%s', (shell) => {
  /** A shell that waits, then hears that it is wanted. What it and the line of its input said. */
  async function say({ loginFiles = oneLine(loginFilesScript()), sums = oneLine(`cksum ${files}`) } = {}) {
    const line = new ShellScripts('mark', loginFiles).spare({ files, sums }).replace('/bin/sh', shell)
    const child = spawn('sh', ['-c', line], { env: { ...process.env, HOME: home } })
    let said = ''
    child.stdout.on('data', (bytes) => {
      said += bytes
    })
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.stdin.on('error', () => undefined)
    return {
      waits: async () => {
        while (child.exitCode === null && !isWaiting(child.pid)) await sleep(10)
      },
      want: async () => {
        child.stdin.end('\necho $0 $# runs\n')
        await ended
        return said.split('\n')
      },
    }
  }

  test('nothing has changed', async () => {
    const waiting = await say()
    await waiting.waits()
    expect((await waiting.want()).slice(0, 2)).toEqual(['mark ready', expect.stringMatching(/ runs$/)])
  })

  test('it is wanted at once', async () => {
    expect(await (await say()).want()).toContain('mark ready')
  })

  test('another login, other start files', async () => {
    expect(await (await say({ loginFiles: '1 2 /etc/passwd' })).want()).toEqual(['mark changed', ''])
    expect(await (await say({ sums: '1 2 rc' })).want()).toEqual(['mark unfit', ''])
  })

  test.each([
    ['written to', () => writeFileSync(join(home, 'rc'), 'two')],
    [
      'replaced',
      () => {
        mkdirSync(join(home, 'new'))
        writeFileSync(join(home, 'new', 'rc'), 'two')
        renameSync(join(home, 'new', 'rc'), join(home, 'rc'))
      },
    ],
    ['removed', () => rmSync(join(home, 'rc'))],
  ])('a file that was %s while it waited', async (_how, change) => {
    const waiting = await say()
    await waiting.waits()
    change()
    expect(await waiting.want()).toEqual(['mark old', ''])
  })

  test('its input ends before it is wanted', async () => {
    const ended = spawnSync('sh', [
      '-c',
      new ShellScripts('mark', oneLine(loginFilesScript())).spare({ files: '', sums: '' }),
    ])
    expect(String(ended.stdout)).toBe('')
  })
})

/** It has opened what tells it the time, and reads its input or polls it: by numbers of x86-64 and of Arm. */
function isWaiting(pid: number | undefined): boolean {
  const place = `/proc/${pid}`
  return existsSync(`${place}/fd/8`) && /^((0|63) 0x0|7|73) /.test(readFileSync(`${place}/syscall`, 'utf8'))
}
