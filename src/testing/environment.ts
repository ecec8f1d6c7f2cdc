import { PosadaError } from '../errors/index.ts'
import { conditionTexts } from '../lib/values/condition-texts.ts'
import type { Conditions } from '../lib/values/link-conditions.ts'
import {
  type GuestSessions,
  networkConditions,
  type Project,
  rewind,
  selectMachines,
  snapshotSave,
} from '../machine/index.ts'
import { readState } from '../project/index.ts'
import type { ConditionsPlace, ConditionsSet, Environment, ExecOptions, Machine, Port } from './contract.ts'

interface Opened {
  project: Project
  sessions: GuestSessions
  end(): Promise<void>
}

/** Machines that are up. */
export class OpenEnvironment implements Environment {
  readonly #opened: Opened
  readonly #ports = new Map<string, readonly Port[]>()
  #areConditionsChanged = false
  #ended: Promise<void> | undefined

  private constructor(opened: Opened) {
    this.#opened = opened
  }

  static async of(opened: Opened): Promise<OpenEnvironment> {
    const environment = new OpenEnvironment(opened)
    await environment.#readPorts()
    return environment
  }

  get machines(): readonly string[] {
    return this.#opened.project.manifest.machines.map(({ name }) => name)
  }

  machine(name: string): Machine {
    const { project, sessions } = this.#opened
    const [found, ...others] = selectMachines(project.manifest, [name])
    if (found === undefined || others.length > 0)
      throw new PosadaError('E_MACHINE_UNKNOWN', `'${name}' stands for several machines`, {
        value: name,
        hint: `name one of ${this.machines.join(', ')}`,
      })
    return {
      name: found.name,
      ports: this.#ports.get(found.name) ?? [],
      exec: async (command, options: ExecOptions = {}) => {
        const { code, stdout, stderr } = await sessions.capture(found.name, command, options)
        return { stdout, stderr, exitCode: code }
      },
    }
  }

  async save(name: string): Promise<void> {
    const { project, sessions } = this.#opened
    await sessions.close()
    await snapshotSave(project, { name, machines: [], handOver: sessions.take })
    await this.#readPorts()
  }

  async rewind(name?: string): Promise<void> {
    const { project, sessions } = this.#opened
    await sessions.close()
    if (this.#areConditionsChanged)
      await networkConditions(project, { machines: [], network: null, set: {}, reset: true })
    this.#areConditionsChanged = false
    await rewind(project, name, sessions.take)
    await this.#readPorts()
  }

  /** The same as before, unless another program took one while the machine did not run. */
  async #readPorts(): Promise<void> {
    const { paths } = this.#opened.project
    for (const name of this.machines) {
      const { ports = [] } = (await readState(paths.machine(name))) ?? {}
      this.#ports.set(
        name,
        ports.map(({ protocol, guestPort, hostAddress, hostPort }) => ({
          protocol,
          guestPort,
          hostAddress,
          hostPort,
        })),
      )
    }
  }

  async conditions(set: ConditionsSet, { between, network }: ConditionsPlace = {}): Promise<void> {
    const wanted = {
      machines: between ?? [],
      network: network ?? null,
      set: readConditions(set),
      reset: false,
    }
    await networkConditions(this.#opened.project, wanted)
    this.#areConditionsChanged = true
  }

  async cut(a: string, b: string): Promise<void> {
    await this.conditions({ cut: true }, { between: [a, b] })
  }

  async heal(a: string, b: string): Promise<void> {
    await this.conditions({ cut: false }, { between: [a, b] })
  }

  destroy(): Promise<void> {
    this.#ended ??= this.#opened.sessions.close().then(() => this.#opened.end())
    return this.#ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy()
  }
}

/** Numbers of what people write. E_USAGE. Pure. */
export function readConditions({ cut, ...texts }: ConditionsSet): Conditions {
  const numbers = Object.entries(texts).map(([name, text]) => [name, readCondition(name, text)])
  return { ...Object.fromEntries(numbers), ...(cut === undefined ? {} : { cut }) }
}

function readCondition(name: string, text: unknown): number {
  const parse = Object.entries(conditionTexts).find(([known]) => known === name)?.[1]
  if (parse === undefined)
    throw new PosadaError('E_USAGE', `'${name}' is not a condition of a network`, {
      value: name,
      hint: `conditions are ${Object.keys(conditionTexts).join(', ')} and cut`,
    })
  const parsed = parse(String(text))
  if ('value' in parsed) return parsed.value
  throw new PosadaError('E_USAGE', `${name} ${String(text)} ${parsed.problem}`, {
    value: String(text),
    ...(parsed.hint === undefined ? {} : { hint: parsed.hint }),
  })
}
