import { Socket } from 'node:net'
import { encodeReady, logLine as log, serveControl, tellStarter } from '../../../src/background/index.ts'
import { rotateOpenFile } from '../../../src/lib/files/rotate-file.ts'
import { guardOf } from '../../../src/provider-kit/index.ts'
import { type GuardConfig, guardEnds } from './launch.ts'
import { moveMemory } from './move-memory.ts'
import { relay } from './relay.ts'

/** Milliseconds between two looks at the logs: a guest that floods its console writes some megabytes meanwhile. */
const lookAgain = 2000

/**
 * The process that stands between a machine's NIC and QEMU's user network: both ends are sockets of QEMU's, and with
 * QEMU it ends. Where it ends by itself the guest has no network: nothing leads around it. It also keeps what QEMU writes
 * within bounds, since QEMU does not, and moves the guest's memory where that has a range.
 */
const { machine, nic, bandwidth, socket, logs, memory } = JSON.parse(process.argv[2] ?? '') as GuardConfig
process.title = `posada-guard ${machine}`
const onRefused = (what: string) => log(`network: the guest may not reach ${what}: see host_access`)
const ends = { guest: new Socket({ fd: guardEnds.guest }), stack: new Socket({ fd: guardEnds.stack }) }
for (const [name, end] of Object.entries(ends)) {
  end.on('error', (error) => log(`network: the ${name}'s end: ${error.message}`))
  end.on('close', () => process.exit())
}
const tidy = async () => {
  for (const { path, limit } of logs) {
    await rotateOpenFile(path, limit).catch((error) =>
      log(`${path} grows beyond its bound: ${error.message}`),
    )
  }
  setTimeout(tidy, lookAgain)
}
setTimeout(tidy, lookAgain)
if (memory !== null) void moveMemory(memory, log)
const carried = relay(ends, guardOf(nic, { reassembles: true, onRefused }), bandwidth)
const usage = async () => ({ ...carried, ...ownUsage() })
void serveControl(socket, { usage })
  .catch((error) => log(`${socket}: ${error.message}`))
  .then(() => tellStarter(encodeReady(), log))

function ownUsage(): { cpu: number; memory: number } {
  const { user, system } = process.cpuUsage()
  return { cpu: (user + system) / 1e6, memory: process.memoryUsage.rss() }
}
