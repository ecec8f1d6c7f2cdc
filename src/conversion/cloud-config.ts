import { posix } from 'node:path'
import { readUserData } from '../cloud-init/index.ts'
import { PosadaError } from '../errors/index.ts'
import { validName } from '../manifest/index.ts'
import { type Draft, emptyDraft, emptyMachine } from './draft.ts'
import { type ForeignFile, inFolder } from './foreign-file.ts'

/** Has a cloud-init of its own, which reads the file as it is. */
const cloudImage = 'debian/13-cloud'

/** A machine of a cloud image, whose cloud-init is given the file itself. */
export function readCloudConfig({ name, text, folder }: ForeignFile): Draft {
  const read = readUserData(text)
  if ('problem' in read)
    throw new PosadaError('E_CONVERSION', `${name} is not a cloud-config: ${read.problem}`, {
      value: name,
      hint: read.hint,
    })
  const draft = emptyDraft()
  const hostname = /^hostname:[ \t]*["']?([\w-]{1,63})["']?[ \t]*$/m.exec(text)?.[1]
  const project = hostname === undefined ? undefined : validName(hostname)
  if (project !== undefined) draft.name = project
  draft.machines.set(null, {
    ...emptyMachine(),
    box: cloudImage,
    cloud_init: inFolder(folder, posix.basename(name)),
  })
  return draft
}
