import { PosadaError } from '../errors/index.ts'
import { readCloudConfig } from './cloud-config.ts'
import { readCompose } from './compose/compose.ts'
import { readDevcontainer } from './devcontainer/devcontainer.ts'
import type { Draft, LeftOut } from './draft.ts'
import type { ForeignFile } from './foreign-file.ts'
import { type Kind, kindOf } from './kind.ts'
import { readLima } from './lima.ts'
import { settle } from './settle.ts'
import { readVagrantfile } from './vagrant/vagrantfile.ts'
import { shown, writeManifest } from './write.ts'

export interface Conversion {
  kind: Kind
  /** The manifest. */
  text: string
  /** In the order of lines. */
  leftOut: LeftOut[]
}

/**
 * Makes a manifest of another tool's file. The file is parsed, and never run. Pure; E_CONVERSION where it is none that
 * is understood, or has mistakes of syntax.
 */
export function convert(file: ForeignFile): Conversion {
  const kind = kindOf(file)
  refuseBinary(file)
  const draft = readers[kind](file)
  if (draft.machines.size === 0)
    throw new PosadaError('E_CONVERSION', `${file.name} describes no machine`, { value: file.name })
  settle(draft)
  const all = [draft, draft.defaults, ...draft.machines.values()].flatMap(({ leftOut }) => leftOut)
  const leftOut = all
    .map(({ what, line, reason }) => ({ what: shown(what), line, reason }))
    .sort((a, b) => a.line - b.line)
  return { kind, text: writeManifest(draft, file.name), leftOut }
}

const readers: Record<Kind, (file: ForeignFile) => Draft> = {
  vagrant: readVagrantfile,
  devcontainer: readDevcontainer,
  lima: readLima,
  compose: readCompose,
  'cloud-config': readCloudConfig,
}

function refuseBinary({ name, text }: ForeignFile): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const at = text.search(/[\0-\x08\x0e-\x1f\x7f]/)
  if (at < 0) return
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')
  throw new PosadaError('E_CONVERSION', `${name} is not text: it contains the character U+${code}`, {
    value: name,
    hint: 'remove the character if this is the right file',
  })
}
