import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { userPaths } from '../../src/project/user-paths.ts'
import { type Ended, makePlace, type Place } from './posada.ts'

/** A project for tests that boot machines: folders of its own, but the user's boxes and probe results. */
export interface MachinesPlace extends Place {
  write(manifest: string): void
  /** Runs a command that must succeed; returns its --json document. */
  json<T>(...args: string[]): Promise<T>
  /** Runs a command that must fail with this code; returns the error of its --json document. */
  fails(code: string, ...args: string[]): Promise<FailureDocument>
  /** Process ids of hypervisors whose command line names this place, whether Posada knows them or not. */
  hypervisors(): number[]
  /** Process ids of those whose command line names this place and fits. */
  processes(fits: RegExp): number[]
  /** Destroys what is there, by force if need be, and takes the folders away. */
  cleanUp(): Promise<void>
}

export interface FailureDocument {
  code: string
  message: string
  value?: string
  hint?: string
  place?: { file: string; line: number; column: number }
  details?: string[]
  problems?: FailureDocument[]
  exitCode: number
}

/** @param extra more of the environment, over its own */
export function machinesPlace(name = 'a project', extra: NodeJS.ProcessEnv = {}): MachinesPlace {
  const real = process.env
  const boxes = userPaths(real).boxes
  if (!existsSync(boxes)) throw new Error('no boxes: bin/posada.js box build posada/tiny')
  const place = makePlace(name, {
    XDG_DATA_HOME: join(boxes, '..', '..'),
    XDG_CACHE_HOME: join(userPaths(real).cache, '..'),
    ...extra,
  })
  const run = (...args: string[]) => place.run(...args)
  const processes = (fits: RegExp) => processesNaming(join(place.dir, '..'), fits)
  const hypervisors = () => processes(/qemu-system|posada-vmm/)
  return {
    ...place,
    write: (manifest) => writeFileSync(join(place.dir, 'posada.yaml'), manifest),
    async json<T>(...args: string[]) {
      const ended = await run(...withJson(args))
      expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0 })
      return JSON.parse(ended.stdout) as T
    },
    async fails(code, ...args) {
      const ended: Ended = await run(...withJson(args))
      const { error } = JSON.parse(ended.stdout) as { error: Omit<FailureDocument, 'exitCode'> }
      expect(error, JSON.stringify(error)).toMatchObject({ code })
      return { ...error, exitCode: ended.code ?? -1 }
    },
    hypervisors,
    processes,
    async cleanUp() {
      const { code } = await run('destroy', '--yes')
      for (const pid of hypervisors()) process.kill(pid, 'SIGKILL')
      place.remove()
      expect(code).toBe(0)
    },
  }
}

/** Before the verb, of which there may be two words: what stands behind `--` is the guest's. */
function withJson(args: string[]): string[] {
  return ['--json', ...args]
}

/** The ids of processes whose command lines fit, and name a path. */
export function processesNaming(path: string, fits: RegExp): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => fits.test(commandLine(pid)) && commandLine(pid).includes(path)).map(Number)
}

function commandLine(pid: string): string {
  const path = `/proc/${pid}/cmdline`
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it has just ended
  }
}
