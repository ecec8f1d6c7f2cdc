import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import { yamlExcess } from '../lib/text/yaml-bounds.ts'
import { type UserDataProblem, usersOfCloudConfig, usersOfTemplate } from './cloud-config.ts'
import { mimeParts } from './mime-parts.ts'

/** User-data that cloud-init will take. */
export interface UserData {
  text: string
  /** The name that it gives to the default user; null where it does not. */
  user: string | null
}

export const userDataLimit = 1024 * 1024

/** Formats that name no user, or only in the guest. Source: cloud-init, "User-data formats". */
const otherFormats = ['#!', '#cloud-boothook', '#cloud-config-jsonp', '#include', '#part-handler']

/**
 * Looks at user-data as cloud-init does, by its first line. Cloud-configs are parsed, those in templates, archives
 * and MIME messages too, for the name of the user; other formats are taken as they are.
 */
export function readUserData(text: string): UserData | UserDataProblem {
  if (text.length > userDataLimit)
    return { problem: `it has ${text.length} characters`, hint: 'user-data may have 1 MiB' }
  if (text.includes('\0')) return { problem: 'it is binary', hint: 'give it uncompressed' }
  const found = usersOf(text)
  if (found === null)
    return {
      problem: 'its first line does not say what it is',
      hint: 'user-data begins with #cloud-config, or a script with #!',
    }
  if ('problem' in found) return found
  const [user = null, ...others] = new Set(found)
  if (others.length === 0) return { text, user }
  return {
    problem: `it names several users: ${[user, ...others].slice(0, 10).join(', ')}`,
    hint: 'give user: only once, because Posada logs in as that user',
  }
}

/** The names of the user in a text of any format; null where its first line does not say what it is. */
function usersOf(text: string): string[] | UserDataProblem | null {
  if (/^#cloud-config(\s|$)/.test(text)) return usersOfCloudConfig(text)
  if (text.startsWith('#cloud-config-archive')) return usersOfArchive(text)
  if (text.startsWith('## template: jinja')) {
    const template = text.slice(text.indexOf('\n') + 1)
    return /^#cloud-config(\s|$)/.test(template) ? usersOfTemplate(template) : []
  }
  if (/^(mime-version|content-type|content-transfer-encoding):/i.test(text))
    return joined(mimeParts(text).map((part) => usersOfPart(part)))
  return otherFormats.some((start) => text.startsWith(start)) ? [] : null
}

/** A part says by its type what it is, or by its first line. */
function usersOfPart({ type, text }: { type: string; text: string }): string[] | UserDataProblem {
  const isConfig = type === 'text/cloud-config' && !text.startsWith('#')
  return usersOf(isConfig ? `#cloud-config\n${text}` : text.trimStart()) ?? []
}

/** A list of texts, or of mappings of `type` and `content`; the guest says what is wrong with another. */
function usersOfArchive(text: string): string[] | UserDataProblem {
  const excess = yamlExcess(text)
  if (excess !== null) return { problem: `it ${excess}`, hint: 'move data into separate files' }
  const document = parseDocument(text, { version: '1.1', logLevel: 'silent' })
  if (document.errors.length > 0)
    return { problem: 'it is not YAML', hint: 'an archive is a list of texts, or of type: and content:' }
  if (!isSeq(document.contents)) return []
  return joined(document.contents.items.map((entry) => usersOfPart(partOf(entry))))
}

function partOf(entry: unknown): { type: string; text: string } {
  const of = (value: unknown) => (typeof value === 'string' ? value : '')
  if (isMap(entry)) return { type: of(entry.get('type')), text: of(entry.get('content')) }
  return { type: '', text: isScalar(entry) ? of(entry.value) : '' }
}

/** All names, or the first problem. */
function joined(all: readonly (string[] | UserDataProblem)[]): string[] | UserDataProblem {
  const names: string[] = []
  for (const [index, one] of all.entries()) {
    if ('problem' in one) return { ...one, problem: `in part ${index + 1}, ${one.problem}` }
    names.push(...one)
  }
  return names
}
