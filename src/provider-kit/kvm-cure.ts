import { existsSync, readFileSync, statSync } from 'node:fs'

/** What of a host decides how its user gets at KVM. */
export interface KvmHost {
  /** Flags of the processor, as /proc/cpuinfo has them. */
  flags: readonly string[]
  container: boolean
  /** Lines of /etc/group. */
  groups: readonly string[]
  user: string
  /** Owner's group and mode of the device; null where it is not there. */
  device: { gid: number; mode: number } | null
}

/** What to do about a device that is missing or may not be opened by this user, on this host. */
export function kvmCure(path: string): string {
  return cureOn(lookAt(path), path)
}

/** Pure. */
export function cureOn(host: KvmHost, path: string): string {
  return host.device === null ? missing(host, path) : permission(host, host.device, path)
}

/** Source: Linux, arch/x86/include/asm/cpufeatures.h: vmx is Intel's, svm AMD's, hypervisor says who is a guest. */
function missing({ flags, container }: KvmHost, path: string): string {
  const module = flags.includes('vmx') ? 'kvm_intel' : flags.includes('svm') ? 'kvm_amd' : null
  if (module === null) {
    return flags.includes('hypervisor')
      ? 'this host is a virtual machine: switch on nested virtualisation for it where it runs'
      : 'switch on virtualisation (VT-x, AMD-V) in the firmware'
  }
  return container ? `start the container with --device ${path}` : `load the module: sudo modprobe ${module}`
}

const groupMayUse = 0o060

/** No one should join root's group for this, and a group that may not use the device is of no help. */
function permission(
  { groups, user }: KvmHost,
  { gid, mode }: { gid: number; mode: number },
  path: string,
): string {
  const joinable = gid !== 0 && (mode & groupMayUse) === groupMayUse
  const own = groups.map((line) => line.split(':')).find(([, , id]) => id === String(gid))
  if (!joinable) {
    const make = groups.some((line) => line.startsWith('kvm:')) ? '' : 'sudo groupadd --system kvm && '
    return `give it to the group kvm, join that and log in again: ${make}sudo chgrp kvm ${path} && sudo chmod 660 ${path} && sudo usermod -aG kvm "$USER"`
  }
  const [name = String(gid), , , members = ''] = own ?? []
  return user !== '' && members.split(',').includes(user)
    ? `log in again: ${user} is in the group ${name}, and this session is older than that`
    : `join the group and log in again: sudo usermod -aG ${name} "$USER"`
}

function lookAt(path: string): KvmHost {
  const stats = statSync(path, { throwIfNoEntry: false })
  const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
  return {
    flags: flags.split(' '),
    container: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    groups: readFileSync('/etc/group', 'utf8').split('\n'),
    user: process.env.USER ?? '',
    device: stats === undefined ? null : { gid: stats.gid, mode: stats.mode },
  }
}
