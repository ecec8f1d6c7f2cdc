import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeIso } from '../../lib/iso9660/make-iso.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxManifest } from '../model.ts'
import type { InstallRecipe } from '../recipe/install-recipe.ts'
import { describeFile } from '../store/verify.ts'
import { readAnswers } from './answers.ts'
import { cpioArchive } from './cpio.ts'
import { makeLoginKey } from './login-key.ts'
import { getMedia, type Media, type MediaContext } from './media.ts'
import type { Installer, InstallJob } from './model.ts'

/** The user of a system that says nothing of one; cloud-init makes it, where that is in it. */
const standardUser = 'posada'

export interface InstallOptions extends Omit<MediaContext, 'folder' | 'arch'> {
  recipe: InstallRecipe
  arch: Arch
  version: string
  installer: Installer
  step: string
}

/** Boots the recipe's installer and waits for its end. Then the folder `work/box` is the box, with box.json still to write. */
export async function installBox(work: string, options: InstallOptions): Promise<BoxManifest> {
  const { recipe, arch } = options
  const [box, folder] = [join(work, 'box'), machineFolder(work)]
  await mkdir(box)
  await mkdir(folder)
  const login = await makeLoginKey(work, recipe.name)
  const answers = await readAnswers(recipe, { user: recipe.login?.user ?? standardUser, key: login.public })
  const media = await getMedia(recipe.install, { ...options, folder: work })
  const disk = { path: join(box, 'root.qcow2'), size: recipe.disk }
  await options.installer.run({
    ...jobOf(recipe, await withAnswers(media, answers, { work, label: recipe.install.label })),
    ...{ arch, disk, folder, step: options.step },
  })
  if (recipe.login !== null) await writeFile(join(box, 'login.key'), login.private, { mode: 0o600 })
  return describeInstalled(box, options)
}

/** Of the machine that the installer runs in, in the folder of a build. */
export function machineFolder(work: string): string {
  return join(work, 'machine')
}

type Booted = { media: Media; answers: string | null }

/** Puts the answers into the initrd where there is one, which is where installers look first; else on a disc of their own. */
async function withAnswers(
  media: Media,
  answers: ReadonlyMap<string, Buffer>,
  { work, label }: { work: string; label: string },
): Promise<Booted> {
  if (answers.size === 0) return { media, answers: null }
  if (media.initrd === null) {
    const disc = join(work, 'answers.iso')
    await writeFile(disc, makeIso(answers, { label, time: new Date() }), { mode: 0o600 })
    return { media, answers: disc }
  }
  const initrd = join(work, 'initrd-answers')
  const own = await readFile(media.initrd)
  const added = cpioArchive([...answers].map(([name, content]) => ({ name, mode: 0o100644, content })))
  // Archives may follow each other, each at a multiple of 4: early-userspace/buffer-format.rst.
  await writeFile(initrd, Buffer.concat([own, Buffer.alloc(-own.length & 3), added]), { mode: 0o600 })
  return { media: { ...media, initrd }, answers: null }
}

type How = 'arch' | 'disk' | 'folder' | 'step'

function jobOf(
  { name, install, firmware }: InstallRecipe,
  { media: { iso, kernel, initrd }, answers }: Booted,
): Omit<InstallJob, How> {
  const { cpus, memory, timeout, quiet, cmdline } = install
  const discs = [
    ...(iso === null ? [] : [{ name: 'install', path: iso }]),
    ...(answers === null ? [] : [{ name: 'answers', path: answers }]),
  ]
  const boot: InstallJob['boot'] =
    kernel === null
      ? { kind: 'firmware', firmware }
      : { kind: 'kernel', kernel, ...(initrd === null ? {} : { initrd }), cmdline }
  return { name, cpus, memory, boot, discs, timeout, quiet }
}

async function describeInstalled(
  box: string,
  { recipe, arch, version }: Pick<InstallOptions, 'recipe' | 'arch' | 'version'>,
): Promise<BoxManifest> {
  const disk = await describeFile(box, 'root.qcow2')
  const image = join(box, disk.file)
  const { virtualSize } = await inspectDisk(image, { format: 'qcow2', shown: image })
  const { login } = recipe
  return {
    format: 1,
    name: recipe.name,
    version,
    arch,
    description: recipe.description,
    disks: [{ ...disk, format: 'qcow2', virtualSize }],
    firmware: recipe.firmware,
    ...(login === null
      ? { login: { user: standardUser, otherKeys: [] }, seed: 'nocloud' }
      : { login: { user: login.user, key: await describeFile(box, 'login.key'), otherKeys: [] } }),
    announcesReady: false,
    agent: false,
    minMemory: recipe.minMemory,
  }
}
