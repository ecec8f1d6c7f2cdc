import { resolve } from 'node:path'
import { type Arch, archs } from '../../lib/values/arch.ts'
import { namePattern, userPattern } from '../../lib/values/box-names.ts'
import type { Checksum } from '../../lib/values/checksum.ts'
import { count, list, oneOf, optional, record, type Shape, shape, text } from '../../lib/values/shape.ts'
import { parseDuration } from '../../lib/values/units.ts'
import { requireChecksum } from '../source/require-checksum.ts'
import { type RecipeFile, readRecipeShape, wrong } from './recipe-file.ts'
import { sizeShape } from './size-shape.ts'

/** A box that a system's own installer makes; docs/installers.md explains each key. Sizes are bytes. */
export interface InstallRecipe {
  kind: 'install'
  /** The folder of recipe.yaml. */
  dir: string
  name: string
  description: string
  arch: Arch[]
  disk: number
  minMemory: number
  /** How machines of the box boot, and the installer where it has no kernel. */
  firmware: 'bios' | 'uefi'
  /** Null: no one logs in, or cloud-init lets them. */
  login: { user: string } | null
  install: Install
}

export interface Install {
  iso: Medium | null
  kernel: Medium | null
  initrd: Medium | null
  cmdline: string
  /** Names of files of the recipe's folder. */
  answers: string[]
  /** Of the medium that answers are on, where they are not in the initrd. */
  label: string
  memory: number
  cpus: number
  /** Milliseconds: until it has to have ended, and that it may do nothing. */
  timeout: number
  quiet: number
}

/** A file that is booted: of this computer, or from a URL with a checksum. */
export type Medium = { path: string } | { url: string; checksum: Checksum }

interface WrittenInstall extends Omit<Install, 'iso' | 'kernel' | 'initrd'> {
  iso?: string
  kernel?: string
  initrd?: string
}

interface Written extends Omit<InstallRecipe, 'kind' | 'dir' | 'install' | 'firmware' | 'login'> {
  firmware?: 'bios' | 'uefi'
  login?: { user: string }
  install: WrittenInstall
}

const duration = shape('not a duration such as 90m', (value) => {
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined
  return parsed !== undefined && 'value' in parsed && parsed.value > 0 ? parsed.value : undefined
})
const medium = optional(text({ max: 2000, pattern: /^[^\0]+$/, problem: 'not a path or a URL' }))

const install: Shape<WrittenInstall> = record<WrittenInstall>({
  iso: medium,
  kernel: medium,
  initrd: medium,
  cmdline: optional(
    text({ max: 1500, pattern: /^[\x20-\x7e]*$/, problem: 'not a command line of printable ASCII' }),
    '',
  ),
  answers: optional(
    list(
      text({ pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, problem: 'not a file of the recipe’s folder' }),
      {
        max: 20,
      },
    ),
    [],
  ),
  label: optional(
    text({ pattern: /^[A-Za-z0-9_-]{1,16}$/, problem: 'not a label of at most 16 letters and digits' }),
    'OEMDRV',
  ),
  memory: optional(sizeShape, 2 ** 30),
  cpus: optional(count({ fits: (cpus) => cpus >= 1 && cpus <= 64, problem: 'not from 1 to 64' }), 2),
  timeout: optional(duration, 4 * 3_600_000),
  quiet: optional(duration, 20 * 60_000),
})

const written: Shape<Written> = record<Written>({
  name: text({ pattern: namePattern, problem: 'not a name like shop/debian' }),
  description: text({ max: 500 }),
  arch: list(oneOf(archs), { min: 1, max: 1 }),
  disk: sizeShape,
  minMemory: sizeShape,
  firmware: optional(oneOf(['bios', 'uefi'])),
  login: optional(
    record<{ user: string }>({ user: text({ pattern: userPattern, problem: 'not a user name' }) }),
  ),
  install,
})

/** A recipe with the key `install`. E_BOX_BUILD says what is wrong, and where; E_BOX_SOURCE of a URL. */
export function readInstallRecipe(dir: string, file: RecipeFile): InstallRecipe {
  const { install, firmware, login = null, ...own } = readRecipeShape(file, written)
  const { iso, kernel, initrd } = install
  const problem = problemOf(install)
  if (problem !== null) throw wrong(file.path, [{ message: problem, place: file.placeOf('install') }])
  const at = (text: string | undefined) => (text === undefined ? null : mediumOf(text, dir))
  return {
    kind: 'install',
    dir,
    ...own,
    firmware: firmware ?? (own.arch.includes('x86_64') ? 'bios' : 'uefi'),
    login,
    install: { ...install, iso: at(iso), kernel: at(kernel), initrd: at(initrd) },
  }
}

function problemOf({ iso, kernel, initrd, cmdline }: WrittenInstall): string | null {
  if (iso === undefined && kernel === undefined) return 'install: has neither iso nor kernel'
  if (kernel !== undefined) return null
  if (initrd !== undefined) return 'install: has an initrd, but no kernel'
  return cmdline === '' ? null : 'install: has a cmdline, but no kernel that is given it'
}

/** What is downloaded and run has a checksum. */
function mediumOf(text: string, dir: string): Medium {
  if (!/^https?:\/\//.test(text)) return { path: resolve(dir, text) }
  const [url = '', checksum = ''] = text.split('#')
  return { url, checksum: requireChecksum(checksum) }
}
