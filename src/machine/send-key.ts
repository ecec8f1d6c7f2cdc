import { PosadaError } from '../errors/index.ts'
import { nearest } from '../lib/text/suggest.ts'
import { findScreen } from './guest/find-screen.ts'
import { keyNamed, keyNames } from './keyboard/keys.ts'
import { pressKeys } from './keyboard/press.ts'
import type { Project } from './project.ts'

export interface SendKeyOptions {
  machine: string
  /** One after the other, each of keys that are held together: `ctrl-alt-f2`. */
  keys: readonly string[]
}

/** Presses keys of a machine's keyboard. E_KEYBOARD, before anything is pressed; E_NO_DISPLAY. */
export async function sendKey(
  project: Project,
  { machine, keys }: SendKeyOptions,
): Promise<{ machine: string; keys: number }> {
  const chords = keys.map(chordOf)
  const found = await findScreen(project, machine)
  await pressKeys(found, chords, project.signal)
  return { machine: found.spec.name, keys: chords.length }
}

/** `ctrl--` is Ctrl and the minus. */
function chordOf(written: string): string[] {
  const names = written.split(/-(?!$)/)
  return names.map((name) => {
    const key = keyNamed(name)
    if (key !== null) return key
    const like = nearest(name.toLowerCase(), keyNames)
    throw new PosadaError('E_KEYBOARD', `a keyboard has no key ${JSON.stringify(name)}`, {
      value: written,
      hint:
        like === undefined
          ? `keys are letters, digits, signs, and ${keyNames.join(', ')}`
          : `did you mean ${like}?`,
    })
  })
}
