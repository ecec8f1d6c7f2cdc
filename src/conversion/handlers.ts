import { validName } from '../manifest/index.ts'
import { boxOfImage } from './boxes.ts'
import { type Draft, type DraftMachine, fallbackBox } from './draft.ts'
import { type Handler, textOf } from './nodes.ts'
import { looseSize, processors } from './units.ts'

/** The handlers here are of keys that several tools have. This one is of the project's name. */
export function takeName(draft: Draft): Handler {
  return (value) => {
    const name = validName(textOf(value) ?? '')
    if (name === undefined) return 'it is not a valid project name'
    draft.name = name
    return undefined
  }
}

/** An image of a container, of which only the distribution counts. */
export function takeImage(machine: DraftMachine): Handler {
  return (value) => {
    machine.box = boxOfImage(textOf(value) ?? '') ?? fallbackBox
    return `a machine is not a container; the box is ${machine.box}`
  }
}

export function takeProcessors(machine: DraftMachine): Handler {
  return (value) => {
    const read = processors([textOf(value) ?? ''])
    if (read === undefined) return 'it is not a number of processors'
    machine.cpus = read
    return undefined
  }
}

export function takeSize(machine: DraftMachine, key: 'memory' | 'disk'): Handler {
  return (value) => {
    const read = looseSize(textOf(value) ?? '')
    if (read === undefined) return 'it is not a size'
    machine[key] = read
    return undefined
  }
}
