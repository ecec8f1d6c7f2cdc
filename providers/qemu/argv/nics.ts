import type { MachineSpec, NicSpec, PortForward, SwitchNic, UserNic } from '../../../src/provider/index.ts'
import { guardEnds } from '../guard/launch.ts'
import { option } from './escape.ts'
import type { Transport } from './machine.ts'

export function nicArguments(spec: MachineSpec, transport: Transport): string[] {
  return spec.nics.flatMap((nic, index) => [
    ...netdevs(spec, nic, index).flatMap((netdev) => ['-netdev', netdev]),
    ...['-device', device(nic, index, transport)],
  ])
}

function netdevs(spec: MachineSpec, nic: NicSpec, index: number): string[] {
  const id = `net${index}`
  return nic.kind === 'switch' ? [switchPort(nic, id)] : guarded(spec, nic, id)
}

/**
 * The NIC leads to the guard, and the user network too, by way of a hub: QEMU joins a network to a NIC and to nothing
 * else.
 */
function guarded(spec: MachineSpec, nic: UserNic, id: string): string[] {
  const hub = (port: string) => option('hubport', { id: `hub-${port}`, hubid: 0, netdev: port })
  return [
    option('socket', { id, fd: guardEnds.guest }),
    option('socket', { id: 'stack', fd: guardEnds.stack }),
    userNetwork(spec, nic, 'user'),
    ...['stack', 'user'].map(hub),
  ]
}

/**
 * IPv6 off: QEMU announces a prefix even where the host itself has no IPv6, and guests then wait for
 * connections that never come. The host name goes to the guest in the DHCP answer.
 */
function userNetwork(spec: MachineSpec, nic: UserNic, id: string): string {
  return option('user', {
    id,
    ipv6: false,
    restrict: nic.isolated === true && nic.hostAccess === undefined ? true : undefined,
    hostname: spec.name,
    hostfwd: nic.forwards.map(forwardRule),
  })
}

/**
 * QEMU listens: up to 8.0 it connects only once, but a listener takes the next peer when one has gone.
 * Needs QEMU 7.2.
 */
function switchPort({ socket }: SwitchNic, id: string): string {
  const address = { 'addr.type': 'unix', 'addr.path': socket }
  return option('stream', { id, server: true, ...address })
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
