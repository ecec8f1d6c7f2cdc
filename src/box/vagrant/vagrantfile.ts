import { userPattern } from '../../lib/values/box-names.ts'

/** What a box's Vagrantfile comes to without being run. */
export interface VagrantfileFacts {
  /** `config.ssh.username`, where it is a plain text. */
  user: string | null
  /** `uefi` where it gives libvirt a loader or its variables. */
  firmware: 'uefi' | null
  /** The settings that have no effect here, each once, in their order: `config.vm.base_mac`. */
  ignored: string[]
  /** Whether there is more in it than settings: it is a program. */
  hasCode: boolean
}

/** Bytes of a Vagrantfile that are looked at. */
export const vagrantfileLimit = 256 * 1024

const setting = /^([a-z_]\w{0,40}(?:\.[a-z_]\w{0,40}){1,4})[!?]?(?=[\s(=[]|$)/
/** The frame of a Vagrantfile: blocks that hold settings, and what ends them. */
const frame = [
  /^Vagrant\.configure\(?\s*["'][12]["']\s*\)?\s*do\s*\|\w+\|$/,
  /^\w+\.vm\.(provider|define)\b[^#]*\bdo\s*\|[\w, ]+\|$/,
  /^(end|\}|require\b.*|# .*)$/,
]

/** Looks through a Vagrantfile line by line; Ruby is never run. */
export function readVagrantfile(text: string): VagrantfileFacts {
  const facts: VagrantfileFacts = { user: null, firmware: null, ignored: [], hasCode: false }
  for (const line of text
    .slice(0, vagrantfileLimit)
    .split('\n')
    .map((one) => one.trim())) {
    if (line === '' || line.startsWith('#') || frame.some((one) => one.test(line))) continue
    const name = setting.exec(line)?.[1]
    if (name === undefined) {
      facts.hasCode = true
      continue
    }
    if (take(facts, name, line)) continue
    if (!facts.ignored.includes(name)) facts.ignored.push(name)
  }
  return facts
}

/** Whether the setting has its effect. */
function take(facts: VagrantfileFacts, name: string, line: string): boolean {
  if (name.endsWith('.ssh.username')) {
    const user = /=\s*["']([^"']+)["']/.exec(line)?.[1]
    if (user === undefined || !userPattern.test(user)) return false
    facts.user = user
    return true
  }
  if (/\.(loader|nvram)$/.test(name)) {
    facts.firmware = 'uefi'
    return true
  }
  // The key is looked for in the box, and each machine gets one of its own anyway.
  return /\.ssh\.(private_key_path|insert_key)$/.test(name)
}
