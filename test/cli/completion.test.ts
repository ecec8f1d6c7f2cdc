import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makePlace, type Place } from '../helpers/posada.ts'

let place: Place
let home: string
beforeEach(() => {
  place = makePlace()
  home = join(place.dir, 'home folder')
  mkdirSync(home)
  Object.assign(place.env, { HOME: home, SHELL: '/bin/bash' })
  delete place.env.XDG_DATA_HOME
})
afterEach(() => place.remove())

test('is installed for the login shell, once, and bash then completes', async () => {
  const dotfiles = join(place.dir, 'dotfiles')
  writeFileSync(dotfiles, 'alias ll="ls -l"')
  symlinkSync(dotfiles, join(home, '.bashrc'))
  const first = await place.run('completion', '--install', '--json')
  const files = [join(home, '.local/share/posada/completion.bash'), join(home, '.bashrc')]
  expect(JSON.parse(first.stdout)).toMatchObject({
    shell: 'bash',
    installed: [
      { path: files[0], change: 'written' },
      { path: files[1], change: 'line' },
    ],
  })
  const after = readFileSync(dotfiles, 'utf8')
  expect(after).toMatch(/^alias ll="ls -l"\n.* # posada completion\n$/)

  const again = await place.run('completion', '--install')
  expect(again.stdout).toContain(`${files[1]}: up to date`)
  expect(readFileSync(dotfiles, 'utf8')).toBe(after)

  const { stdout } = await execa('bash', ['--norc', '-c', '. ~/.bashrc; complete -p posada'], {
    env: { HOME: home },
  })
  expect(stdout).toBe('complete -F _posada posada')
})

test('goes where zsh and fish look', async () => {
  Object.assign(place.env, { ZDOTDIR: join(home, 'zsh'), XDG_CONFIG_HOME: join(home, 'config') })
  await place.run('completion', 'zsh', '--install')
  expect(readFileSync(join(home, 'zsh', '.zshrc'), 'utf8')).toContain('compinit')
  await place.run('completion', 'fish', '--install')
  expect(readFileSync(join(home, 'config/fish/completions/posada.fish'), 'utf8')).toContain(
    'complete -c posada',
  )
})

test.each([
  [{ SHELL: '/bin/tcsh' }, 'no completion for tcsh'],
  [{ SHELL: '' }, 'SHELL does not name your shell'],
  [{ HOME: '' }, 'HOME is not set'],
])('says what is missing: %o', async (env, message) => {
  Object.assign(place.env, env)
  const { code, stderr } = await place.run('completion', '--install')
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) })
})
