import type { MachineSpec, NicSpec, PortForward, SwitchNic, UserNic } from '../../../src/provider/index.ts'
import { option } from './escape.ts'
import type { Transport } from './machine.ts'

export function nicArguments(spec: MachineSpec, transport: Transport): string[] {
  return spec.nics.flatMap((nic, index) => [
    ...['-netdev', nic.kind === 'user' ? userNetwork(spec, nic, index) : switchPort(nic, index)],
    ...['-device', device(nic, index, transport)],
  ])
}

/**
 * IPv6 off: QEMU announces a prefix even where the host itself has no IPv6, and guests then wait for
 * connections that never come. The host name goes to the guest in the DHCP answer.
 */
function userNetwork(spec: MachineSpec, nic: UserNic, index: number): string {
  return option('user', {
    id: `net${index}`,
    ipv6: false,
    restrict: nic.isolated === true ? true : undefined,
    hostname: spec.name,
    hostfwd: nic.forwards.map(forwardRule),
  })
}

/**
 * QEMU listens: up to 8.0 it connects only once, but a listener takes the next peer when one has gone.
 * Needs QEMU 7.2.
 */
function switchPort({ socket }: SwitchNic, index: number): string {
  const address = { 'addr.type': 'unix', 'addr.path': socket }
  return option('stream', { id: `net${index}`, server: true, ...address })
}

/** `tcp:127.0.0.1:8080-:80`: an empty guest address is the first that DHCP gives. */
export function forwardRule(forward: PortForward): string {
  return `${forward.protocol}:${forward.hostAddress}:${forward.hostPort}-:${forward.guestPort}`
}

/** No option ROM: nothing is booted over the network, and firmware would run it. */
function device(nic: NicSpec, index: number, transport: Transport): string {
  return option(`virtio-net-${transport}`, {
    netdev: `net${index}`,
    mac: nic.mac,
    romfile: transport === 'pci' ? '' : undefined,
  })
}
