import { archNamed } from '../../lib/values/arch.ts'
import type { Node } from '../../manifest/index.ts'
import { type DraftMachine, emptyMachine } from '../draft.ts'
import { takeImage } from '../handlers.ts'
import { type Handler, itemsOf, lineOf, readKeys, textOf } from '../nodes.ts'
import { readEnvironment } from './environment.ts'
import { readPort } from './ports.ts'
import { type Names, readDependencies, readNetworks } from './references.ts'
import { resourceHandlers } from './resources.ts'
import { readVolume } from './volumes.ts'

const container = 'a machine is not a container; a provision step installs and starts what runs in it'
const reasons: Record<string, string> = {
  build: container,
  command: container,
  entrypoint: container,
  init: container,
  privileged: container,
  cap_add: container,
  cap_drop: container,
  security_opt: container,
  shm_size: container,
  ulimits: container,
  tmpfs: container,
  tty: container,
  stdin_open: container,
  user: container,
  working_dir: container,
  develop: container,
  healthcheck: 'write a probe under ready: once the steps install what it checks',
  restart: 'posada up starts what has stopped',
  configs: 'use a step with file:',
  secrets: 'use a step with file:, or sensitive: of a step',
  env_file: 'variables come from the environment and from .env',
  expose: 'machines on a network reach all ports of the others',
  hostname: 'the key under machines: is the name',
  container_name: 'the key under machines: is the name',
  logging: 'see the journal of the guest',
  labels: 'a machine has no labels',
  profiles: 'posada up takes the names of machines',
  extends: 'only what is in this file is carried over',
  links: 'machines on a network find each other by name',
  network_mode: 'a machine has network access by default',
  extra_hosts: 'a file step can write into /etc/hosts',
  gpus: 'a machine has no graphics processor',
}

/** A service, as a machine. Source: docs.docker.com, "Define services in Docker Compose". */
export function readService(service: string, node: Node, names: Names): DraftMachine {
  const machine = emptyMachine()
  const { leftOut } = machine
  const path = `services.${service}.`
  const handlers: Record<string, Handler> = {
    image: takeImage(machine),
    ports: (value) => {
      for (const item of itemsOf(value)) {
        const port = readPort(item)
        if (typeof port !== 'string') machine.ports.push(port)
        else leftOut.push({ what: `${path}ports`, line: lineOf(item.span), reason: port })
      }
      return undefined
    },
    volumes: (value) => {
      for (const item of itemsOf(value)) {
        const reason = readVolume(item, names.folder, machine)
        if (reason !== undefined) leftOut.push({ what: `${path}volumes`, line: lineOf(item.span), reason })
      }
      return undefined
    },
    environment: (value) => readEnvironment(value, `${path}environment`, machine),
    depends_on: (value) => readDependencies(value, { path, names, machine }),
    networks: (value) => readNetworks(value, { path, names, machine }),
    platform: (value) => {
      const arch = archNamed((textOf(value) ?? '').replace(/^linux\//, ''))
      if (arch === null) return 'Posada has no machines of that architecture'
      machine.arch = arch
      return undefined
    },
    ...resourceHandlers(path, machine),
  }
  readKeys(node, { path, handlers, reasons, leftOut })
  if ((machine.replicas ?? 1) > 1) shareAmongReplicas(machine)
  return machine
}

/** Replicas cannot have one address, nor one port of the host. */
function shareAmongReplicas(machine: DraftMachine): void {
  for (const network of machine.networks) delete network.address
  for (const port of machine.ports) port.auto = true
}
