import type { Spot } from '../capture/recording.ts'
import type { NetworkConfig } from '../config.ts'
import { Names } from '../services/names.ts'
import { Upstream } from '../services/upstream.ts'
import type { CaptureServer } from './capture-server.ts'
import { Lan, type MemberStatus } from './lan.ts'
import type { Lifetime } from './lifetime.ts'
import { Refusals } from './refusals.ts'

export interface NetworksOptions {
  log: (message: string) => void
  lifetime: Lifetime
  /** Not there yet while the first networks are made. */
  captures: () => CaptureServer | null
}

export interface NetworkStatus {
  name: string
  members: MemberStatus[]
}

/** All networks of the project, as its configuration has them at the time. */
export class Networks {
  readonly #options: NetworksOptions
  readonly #upstream = new Upstream()
  readonly #lans = new Map<string, Lan>()
  #names = new Names({ version: 1, project: '', networks: [] })

  constructor(options: NetworksOptions) {
    this.#options = options
  }

  /** Takes over a configuration: networks that are as before keep their links. */
  apply(config: NetworkConfig): void {
    this.#names = new Names(config)
    for (const [name, lan] of this.#lans) {
      const definition = config.networks.find((network) => network.name === name)
      if (definition !== undefined && lan.isSame(definition)) lan.update(definition)
      else {
        lan.close()
        this.#lans.delete(name)
      }
    }
    for (const definition of config.networks) {
      if (!this.#lans.has(definition.name))
        this.#lans.set(definition.name, this.#make(config, definition.name))
    }
  }

  get linked(): number {
    return [...this.#lans.values()].reduce((sum, { linked }) => sum + linked, 0)
  }

  /** Whether any of these machines is linked anywhere. */
  isLinked(machines: readonly string[]): boolean {
    return [...this.#lans.values()].some((lan) => machines.some((machine) => lan.isLinked(machine)))
  }

  /** All whose frames can be captured now. */
  spots(): Spot[] {
    return this.status().flatMap(({ name, members }) => [
      ...members.map(({ machine }) => ({ network: name, machine })),
      { network: name, machine: null },
    ])
  }

  status(): NetworkStatus[] {
    return [...this.#lans].map(([name, lan]) => ({ name, members: lan.status() }))
  }

  close(): void {
    for (const lan of this.#lans.values()) lan.close()
    this.#lans.clear()
  }

  #make(config: NetworkConfig, name: string): Lan {
    const { log, lifetime, captures } = this.#options
    const definition = config.networks.find((network) => network.name === name)
    if (definition === undefined) throw new Error(`no network ${name}`)
    const resolver = {
      names: {
        find: (...asked: Parameters<Names['find']>) => this.#names.find(...asked),
        isIsolated: (machine: string) => this.#names.isIsolated(machine),
      },
      upstream: (...asked: Parameters<Upstream['ask']>) => this.#upstream.ask(...asked),
    }
    const refusals = new Refusals((line) => log(`${name}: ${line}`))
    return new Lan(definition, {
      project: config.project,
      resolver,
      changed: (machine, up) => {
        log(`${name}: ${machine} is ${up ? 'linked' : 'gone'}`)
        if (up) lifetime.settle(machine)
      },
      refused: (machine, reason) => refusals.note(machine, reason, performance.now()),
      tap: {
        get active() {
          return captures()?.any === true
        },
        frame: (machine, ...rest) => captures()?.frame({ network: name, machine }, ...rest),
      },
    })
  }
}
