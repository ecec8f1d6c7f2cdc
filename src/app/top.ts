import { sleep } from '../lib/async/sleep.ts'
import { eachProject, lookAt, type ProjectOf, Rates, type StatsResult } from '../machine/index.ts'
import { type ListOptions, userProjects } from './list.ts'

export type ProjectStats = ProjectOf<StatsResult>

export interface TopOptions extends ListOptions {
  /** Milliseconds between two looks. */
  interval: number
  /** Whether to go on until the signal. */
  watch: boolean
  /** Takes what was found at each look; the first has no rates. */
  onLook?: (found: ProjectStats[]) => void
}

/** What the machines of all projects of this user take of this host, by what is recorded: no manifest is read. */
export async function top({ interval, watch, onLook, ...options }: TopOptions): Promise<ProjectStats[]> {
  const projects = userProjects(options)
  const rates = new Rates()
  for (let first = true; ; first = false) {
    const found = await eachProject(projects, async (project, name) => {
      const one = await lookAt(project, { name, config: null })
      return one.state === 'absent' ? null : rates.add(`${project.paths.root}/${name}`, one)
    })
    onLook?.(found)
    if (!first && !watch) return found
    await sleep(interval, options.signal)
  }
}
