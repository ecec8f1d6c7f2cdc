import type { CompletionRequest, Surface, SurfaceCommand } from './request.ts'

export interface Candidate {
  value: string
  description?: string | undefined
}

export interface Surroundings {
  surface: Surface
  cwd: string
  env: NodeJS.ProcessEnv
}

/** Asks the shell to complete file names. */
const files: Candidate[] = [{ value: ':files' }]

/** Everything that could stand there, not yet narrowed down to what begins with the word. */
export async function candidatesFor(request: CompletionRequest, around: Surroundings): Promise<Candidate[]> {
  switch (request.kind) {
    case 'command':
      return commandNames(request.before, around.surface)
    case 'flag':
      return flagNames(request.command)
    case 'flag-value':
      return flagValues(request, around)
    case 'arg':
      return argValues(request, around)
    case 'nothing':
      return []
  }
}

function commandNames(before: string, { commands }: Surface): Candidate[] {
  const prefix = before === '' ? '' : `${before}:`
  const found = new Map<string, string | undefined>()
  for (const { id, hidden, summary } of Object.values(commands)) {
    if (hidden === true || !id.startsWith(prefix)) continue
    const [word = '', ...more] = id.slice(prefix.length).split(':')
    if (more.length === 0) found.set(word, summary)
    else if (!found.has(word)) found.set(word, undefined)
  }
  return [...found].map(([value, description]) => ({ value, description }))
}

function flagNames({ flags }: SurfaceCommand): Candidate[] {
  return Object.values(flags).flatMap(({ name, description, allowNo }) => {
    const own = { value: `--${name}`, description }
    return allowNo === true ? [own, { value: `--no-${name}`, description }] : [own]
  })
}

async function flagValues(
  request: CompletionRequest & { kind: 'flag-value' },
  around: Surroundings,
): Promise<Candidate[]> {
  const { options } = request.command.flags[request.flag] ?? {}
  if (options !== undefined) return options.map((value) => ({ value }))
  if (request.flag === 'file' || request.flag === 'write') return files
  if (request.flag === 'network') return (await project(request.file, around)).networks
  if (request.flag === 'machine') return (await project(request.file, around)).machines
  if (request.flag === 'step') return (await project(request.file, around)).steps
  return []
}

/** Arguments are known by their names, which mean the same in all commands. */
async function argValues(
  request: CompletionRequest & { kind: 'arg' },
  around: Surroundings,
): Promise<Candidate[]> {
  const { word, file } = request
  switch (request.arg) {
    case 'machine': {
      const { machines, groups } = await project(file, around)
      const several = request.command.args[request.arg]?.multiple === true || request.command.id === 'exec'
      const offered = several ? [...groups, ...machines] : machines
      return offered.filter(({ value }) => !request.given.includes(value))
    }
    case 'spot': {
      const { machines, groups, networks } = await project(file, around)
      return [...networks, ...groups, ...machines].filter(({ value }) => !request.given.includes(value))
    }
    case 'template': {
      const { templateNames } = await import('../../app/index.ts')
      return templateNames()
    }
    case 'box': {
      const { boxNames } = await import('../../app/index.ts')
      return boxNames(around.env)
    }
    case 'name': {
      const { offeredNames } = await import('../../app/index.ts')
      return offeredNames()
    }
    case 'recipe': {
      const { recipeNames } = await import('../../app/index.ts')
      return recipeNames()
    }
    case 'src':
    case 'dst': {
      const { machines } = await project(file, around)
      return [...machines.map(({ value }) => ({ value: `${value}:` })), ...(word.includes(':') ? [] : files)]
    }
    case 'path':
    case 'source':
      return files
    default: {
      const options = request.command.args[request.arg]?.options ?? []
      return options.map((value) => ({ value }))
    }
  }
}

async function project(file: string | undefined, { cwd, env }: Surroundings) {
  const { projectNames } = await import('../../app/index.ts')
  return projectNames({ file, cwd, env })
}
