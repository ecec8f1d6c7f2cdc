import { isMap, isScalar, parseDocument } from 'yaml'

/** User-data that cloud-init will take. */
export interface UserData {
  text: string
  /** The name that it gives to the default user; null where it does not. */
  user: string | null
}

/** Why cloud-init would not take it. */
export interface UserDataProblem {
  problem: string
  hint: string
}

export const userDataLimit = 1024 * 1024

/** Source: cloud-init, "User-data formats". */
const otherFormats = [
  '#!',
  '#cloud-boothook',
  '#cloud-config-archive',
  '#cloud-config-jsonp',
  '#include',
  '#part-handler',
  '## template: jinja',
  'Content-Type: multipart/',
  'MIME-Version:',
]

/**
 * Looks at user-data as cloud-init does, by its first line; a cloud-config is parsed, other formats are
 * taken as they are.
 */
export function readUserData(text: string): UserData | UserDataProblem {
  if (text.length > userDataLimit)
    return { problem: `it has ${text.length} characters`, hint: 'user-data may have 1 MiB' }
  if (text.includes('\0')) return { problem: 'it is binary', hint: 'give it uncompressed' }
  if (/^#cloud-config(\s|$)/.test(text)) return readCloudConfig(text)
  if (otherFormats.some((start) => text.startsWith(start))) return { text, user: null }
  return {
    problem: 'its first line does not say what it is',
    hint: 'user-data begins with #cloud-config, or a script with #!',
  }
}

function readCloudConfig(text: string): UserData | UserDataProblem {
  const document = parseDocument(text, { version: '1.1', logLevel: 'silent' })
  const [error] = document.errors
  if (error !== undefined) {
    const { line } = error.linePos?.[0] ?? { line: 1 }
    return {
      problem: `line ${line} is not YAML: ${error.message.split('\n')[0]?.replace(/ at line.*/, '')}`,
      hint: 'a cloud-config is YAML: a mapping of keys such as packages and runcmd',
    }
  }
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return { text, user: null }
  if (!isMap(contents))
    return { problem: 'it is not a mapping', hint: 'write keys such as packages: and runcmd:' }
  const written = contents.get('user')
  const name = isMap(written) ? written.get('name') : written
  if (name === undefined) return { text, user: null }
  if (typeof name === 'string' && /^[a-z_][a-z0-9_-]{0,31}$/.test(name)) return { text, user: name }
  return {
    problem: `${JSON.stringify(name)?.slice(0, 60)} cannot be the name of its user`,
    hint: 'user: takes lower-case letters, digits, _ and -',
  }
}
