import { userPattern } from '../../lib/values/box-names.ts'
import { type Node, readForeignYaml } from '../../manifest/index.ts'
import { type Draft, type DraftMachine, emptyDraft, emptyMachine } from '../draft.ts'
import { takeFolder } from '../folders.ts'
import type { ForeignFile } from '../foreign-file.ts'
import type { Given } from '../given.ts'
import { takeImage, takeName, takeProcessors, takeSize } from '../handlers.ts'
import { entriesOf, type Handler, itemsOf, lineOf, readKeys, textOf, under } from '../nodes.ts'
import { notYet } from '../not-yet.ts'
import { portText } from '../ports.ts'
import { bind, workspaceOf } from './bind.ts'
import { commandSteps } from './commands.ts'
import { withoutComments } from './jsonc.ts'

const container = 'a machine is not a container; its box says what it is made from'
const reasons = {
  features: 'install the same in a provision step',
  build: container,
  dockerFile: container,
  dockerComposeFile: 'make a manifest from it: posada init --from compose.yaml',
  service: 'make a manifest from the compose file: posada init --from compose.yaml',
  runArgs: 'they are arguments for docker',
  customizations: 'they are editor settings',
  extensions: 'they are editor settings',
  settings: 'they are editor settings',
  initializeCommand: notYet.hooks,
  postAttachCommand: 'nothing runs when someone logs in',
  privileged: container,
  capAdd: container,
  securityOpt: container,
  containerUser: container,
  secrets: 'values come from the environment and from .env',
  portsAttributes: 'a port of the manifest has no label',
  otherPortsAttributes: 'a port of the manifest has no label',
}

/** A devcontainer.json, as a machine. Source: containers.dev, "Dev Container metadata reference". */
export function readDevcontainer({ name, text, folder }: ForeignFile): Draft {
  const root = readForeignYaml(name, withoutComments(text))
  const draft = emptyDraft()
  const machine = emptyMachine()
  draft.machines.set(null, machine)
  const { leftOut } = machine
  const workspace = workspaceOf(folder)
  const commands =
    (run?: 'always'): Handler =>
    (_value, entry) => {
      machine.provision.push(...commandSteps(entry, { leftOut, ...(run && { run }) }))
      return undefined
    }
  const handlers: Record<string, Handler> = {
    $schema: () => undefined,
    name: takeName(draft),
    image: takeImage(machine),
    forwardPorts: (value) => {
      for (const item of itemsOf(value)) forward(item, machine)
      return undefined
    },
    appPort: (value) => {
      for (const item of value.kind === 'list' ? value.items : [value]) publish(item, machine)
      return undefined
    },
    containerEnv: (value) => variables(value, 'containerEnv', machine),
    remoteEnv: (value) => variables(value, 'remoteEnv', machine),
    hostRequirements: (value) =>
      readKeys(value, {
        path: 'hostRequirements.',
        leftOut,
        reasons: { gpu: 'a machine has no graphics processor' },
        handlers: {
          cpus: takeProcessors(machine),
          memory: takeSize(machine, 'memory'),
          storage: takeSize(machine, 'disk'),
        },
      }),
    onCreateCommand: commands(),
    updateContentCommand: commands(),
    postCreateCommand: commands(),
    postStartCommand: commands('always'),
    remoteUser: () => undefined,
    workspaceFolder: () => undefined,
    workspaceMount: (value) => bind(value, { machine, workspace }),
    mounts: (value) => {
      for (const item of itemsOf(value)) {
        const reason = bind(item, { machine, workspace })
        const what = `mounts ${textOf(item) ?? ''}`.trim()
        if (reason !== undefined) leftOut.push({ what, line: lineOf(item.span), reason })
      }
      return undefined
    },
  }
  readKeys(root, { path: '', handlers, reasons, leftOut })
  const opened = textOf(under(root, 'workspaceFolder'))
  if (opened !== undefined && under(root, 'workspaceMount') === undefined) {
    const reason = takeFolder(machine, { from: [workspace], to: opened })
    const line = entriesOf(root).find(({ key }) => key === 'workspaceFolder')?.keySpan
    if (reason !== undefined && line !== undefined)
      leftOut.push({ what: 'workspaceFolder', line: lineOf(line), reason })
  }
  const order = ['onCreateCommand', 'updateContentCommand', 'postCreateCommand', 'postStartCommand']
  const rank = (step: { name?: string }) => order.indexOf(step.name?.split(' ')[0] ?? '')
  machine.provision.sort((a, b) => rank(a) - rank(b))
  runAs(textOf(under(root, 'remoteUser')), machine)
  return draft
}

/** Its commands run as a user that an image has; a box has another, so the user is made first. */
function runAs(user: string | undefined, machine: DraftMachine): void {
  if (user === undefined || user === 'root' || !userPattern.test(user)) return
  for (const step of machine.provision) step.user = user
  const script = `id -u ${user} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash ${user}\n`
  machine.provision.unshift({ name: `user ${user}`, shell: { inline: script } })
}

function forward(item: Node, machine: DraftMachine): void {
  const written = textOf(item) ?? 'a port'
  const port = portText(written.replace(/^(localhost|127\.0\.0\.1):/, ''))
  if (port !== undefined) machine.ports.push({ host: port, guest: port, auto: true })
  else
    machine.leftOut.push({
      what: `forwardPorts ${written}`,
      line: lineOf(item.span),
      reason: 'only a port of the machine itself is forwarded',
    })
}

function publish(item: Node, machine: DraftMachine): void {
  const written = textOf(item) ?? 'a port'
  const [, host = '', guest = host] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(written) ?? []
  const [from, to] = [portText(host), portText(guest)]
  if (from !== undefined && to !== undefined) machine.ports.push({ host: from, guest: to })
  else
    machine.leftOut.push({ what: `appPort ${written}`, line: lineOf(item.span), reason: 'it is not a port' })
}

function variables(node: Node, path: string, machine: DraftMachine): undefined {
  for (const { key, keySpan, value } of entriesOf(node)) {
    const read = localVariables(textOf(value) ?? '')
    if (read !== undefined) machine.env[key] = read
    else
      machine.leftOut.push({
        what: `${path}.${key}`,
        line: lineOf(keySpan),
        reason: 'only ${localEnv:NAME} has a meaning in a manifest',
      })
  }
}

/** `${localEnv:NAME}` and `${localEnv:NAME:default}`; undefined where it has other variables. */
function localVariables(text: string): Given | undefined {
  const parts = text.split(/\$\{(?:localEnv|env):([A-Za-z_]\w{0,254})(?::([^{}]*))?\}/)
  const read: (Given[number] | undefined)[] = []
  for (let at = 0; at < parts.length; at += 3) {
    const [plain = '', variable, or] = parts.slice(at, at + 3)
    if (plain.includes('${')) return undefined
    if (plain !== '') read.push(plain)
    if (variable !== undefined) read.push({ variable, or: or ?? null })
  }
  return read.flatMap((part) => part ?? [])
}
