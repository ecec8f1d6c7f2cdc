import { PosadaError } from '../errors/index.ts'
import { findScreen } from './guest/find-screen.ts'
import { keysOf } from './keyboard/keys.ts'
import { pressKeys } from './keyboard/press.ts'
import type { Project } from './project.ts'

export interface TypeOptions {
  machine: string
  text: string
}

/** Types a text at a machine's keyboard, of the US layout. E_KEYBOARD, before anything is typed; E_NO_DISPLAY. */
export async function type(
  project: Project,
  { machine, text }: TypeOptions,
): Promise<{ machine: string; keys: number }> {
  const chords = [...text].map((character) => {
    const keys = keysOf(character)
    if (keys !== null) return keys
    throw new PosadaError('E_KEYBOARD', `a US keyboard cannot type ${JSON.stringify(character)}`, {
      value: character,
      hint: 'posada console and posada exec take any text',
    })
  })
  const found = await findScreen(project, machine)
  await pressKeys(found, chords, project.signal)
  return { machine: found.spec.name, keys: chords.length }
}
