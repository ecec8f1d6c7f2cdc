import { archNamed } from '../../lib/values/arch.ts'
import type { Node } from '../../manifest/index.ts'
import { boxOfImage } from '../boxes.ts'
import { type DraftMachine, emptyMachine, fallbackBox, type LeftOut } from '../draft.ts'
import { type Given, plain } from '../given.ts'
import { entriesOf, type Handler, itemsOf, lineOf, readKeys, textOf, under } from '../nodes.ts'
import { looseSize, processors } from '../units.ts'
import { readInterpolation } from './interpolation.ts'
import { readPort } from './ports.ts'

const container = 'a machine is not a container; a provision step installs and starts what runs in it'
const folders = 'folders of the host in the guest are not supported yet'
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
  volumes: folders,
  configs: folders,
  secrets: folders,
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

/** MiB that a distribution needs to boot and install something. */
const leastMemory = 512

/** What names of services have become. */
export interface Names {
  machine: (service: string) => string | undefined
  network: (name: string) => { name: string; hasSubnet: boolean } | undefined
}

/** A service, as a machine. Source: docs.docker.com, "Define services in Docker Compose". */
export function readService(service: string, node: Node, names: Names): DraftMachine {
  const machine = emptyMachine()
  const { leftOut } = machine
  const set = (key: 'cpus' | 'memory', read: Given | undefined, wrong: string) => {
    if (read === undefined) return wrong
    machine[key] = read
    return undefined
  }
  const cpus: Handler = (value) =>
    set('cpus', processors([textOf(value) ?? '']), 'it is not a number of processors')
  const memory: Handler = (value) => {
    const read = looseSize(textOf(value) ?? '')
    const mebibytes = /^(\d+)MiB$/.exec(read === undefined ? '' : (plain(read) ?? ''))?.[1]
    if (mebibytes !== undefined && Number(mebibytes) < leastMemory)
      return 'a machine needs more than a container; it has 1GiB'
    return set('memory', read, 'it is not a size')
  }
  const replicas: Handler = (value) => {
    const number = Number(textOf(value))
    if (!Number.isInteger(number) || number < 1 || number > 64) return 'replicas are from 1 to 64'
    if (number > 1) machine.replicas = number
    return undefined
  }
  const path = `services.${service}.`
  const deploy = { path: `${path}deploy.`, leftOut, reasons: {} }
  const handlers: Record<string, Handler> = {
    image: (value) => {
      machine.box = boxOfImage(textOf(value) ?? '') ?? fallbackBox
      return `a machine is not a container; the box is ${machine.box}`
    },
    ports: (value) => {
      for (const item of itemsOf(value)) {
        const port = readPort(item)
        if (typeof port !== 'string') machine.ports.push(port)
        else leftOut.push({ what: `${path}ports`, line: lineOf(item.span), reason: port })
      }
      return undefined
    },
    environment: (value) => environment(value, `${path}environment`, machine),
    depends_on: (value) => dependencies(value, { path, names, machine }),
    networks: (value) => networks(value, { path, names, machine }),
    platform: (value) => {
      const arch = archNamed((textOf(value) ?? '').replace(/^linux\//, ''))
      if (arch === null) return 'Posada has no machines of that architecture'
      machine.arch = arch
      return undefined
    },
    scale: replicas,
    cpus,
    mem_limit: memory,
    deploy: (value) => {
      readKeys(value, {
        ...deploy,
        handlers: {
          replicas,
          resources: (resources) => {
            readKeys(under(resources, 'limits'), {
              ...deploy,
              path: `${deploy.path}resources.limits.`,
              handlers: { cpus, memory },
            })
            return undefined
          },
        },
      })
      return undefined
    },
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

interface ListOptions {
  path: string
  names: Names
  machine: DraftMachine
}

function environment(node: Node, path: string, machine: DraftMachine): undefined {
  const add = (name: string, value: string | undefined, line: number) => {
    const read = value === undefined ? [{ variable: name, or: null }] : readInterpolation(value)
    if (read !== undefined) machine.env[name] = read
    else
      leave(machine.leftOut, `${path}.${name}`, {
        line,
        reason: 'it has an expression that manifests do not support',
      })
  }
  for (const { key, keySpan, value } of entriesOf(node)) add(key, textOf(value), lineOf(keySpan))
  for (const item of itemsOf(node)) {
    const [name = '', ...rest] = (textOf(item) ?? '').split('=')
    if (name !== '') add(name, rest.length === 0 ? undefined : rest.join('='), lineOf(item.span))
  }
}

function dependencies(node: Node, { path, names, machine }: ListOptions): undefined {
  const written = [
    ...entriesOf(node).map(({ key, keySpan }) => ({ name: key, span: keySpan })),
    ...itemsOf(node).map((item) => ({ name: textOf(item) ?? '', span: item.span })),
  ]
  for (const { name, span } of written) {
    const known = names.machine(name)
    if (known === undefined)
      leave(machine.leftOut, `${path}depends_on ${name}`, {
        line: lineOf(span),
        reason: 'there is no such service',
      })
    else if (!machine.depends_on.includes(known)) machine.depends_on.push(known)
  }
}

function networks(node: Node, { path, names, machine }: ListOptions): undefined {
  const written = [
    ...entriesOf(node).map(({ key, keySpan, value }) => ({ key, span: keySpan, value })),
    ...itemsOf(node).map((item) => ({ key: textOf(item) ?? '', span: item.span, value: undefined })),
  ]
  for (const { key, span, value } of written) {
    const line = lineOf(span)
    const network = names.network(key)
    if (network === undefined) {
      leave(machine.leftOut, `${path}networks ${key}`, { line, reason: 'there is no such network' })
      continue
    }
    const address = textOf(under(value, 'ipv4_address'))
    const isKept = address !== undefined && network.hasSubnet
    if (machine.networks.some(({ name }) => name === network.name)) continue
    machine.networks.push({ name: network.name, line, ...(isKept && { address }) })
    if (address !== undefined && !isKept)
      leave(machine.leftOut, `${path}networks.${key}.ipv4_address`, {
        line,
        reason: 'the network has no subnet',
      })
    if (under(value, 'aliases') !== undefined)
      leave(machine.leftOut, `${path}networks.${key}.aliases`, { line, reason: 'a machine has one name' })
  }
}

function leave(leftOut: LeftOut[], what: string, { line, reason }: Omit<LeftOut, 'what'>): void {
  leftOut.push({ what, line, reason })
}
