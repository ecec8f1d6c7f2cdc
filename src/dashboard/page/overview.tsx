import { Actions } from './actions.tsx'
import { Spark } from './graph.tsx'
import { machinesOf, State, stateOf } from './machine-state.tsx'
import { linkTo } from './route.ts'
import { keyOf, type Project, state } from './store.ts'
import { size } from './units.ts'

/** Machines of these projects, a row each. */
export function Overview({ projects }: { projects: Project[] }) {
  const rows = projects.flatMap((project) => machinesOf(project).map((name) => ({ project, name })))
  const broken = projects.filter(({ problem }) => problem !== null)
  if (rows.length + broken.length === 0) return <p>No machines yet: posada up makes those of a project.</p>
  return (
    <>
      <table class="machines">
        <caption>Machines</caption>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">State</th>
            <th scope="col">CPU</th>
            <th scope="col">Memory</th>
            <th scope="col">Actions</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ project, name }) => (
            <Row key={keyOf(project.root, name)} project={project} name={name} />
          ))}
        </tbody>
      </table>
      {broken.map(({ root, name, problem }) => (
        <p key={root}>
          {name} ({root}): {problem}
        </p>
      ))}
    </>
  )
}

function Row({ project, name }: { project: Project; name: string }) {
  const { usage, memory, cpus } = project.stats.get(name) ?? { usage: null, memory: 0, cpus: 1 }
  const rates = state.rates.get(keyOf(project.root, name)) ?? []
  const now = rates.at(-1)
  return (
    <tr>
      <th scope="row">
        <a href={linkTo(project.root, name)}>{name}</a> <small>{project.name}</small>
      </th>
      <td>
        <State name={stateOf(project, name)} />
      </td>
      <td>
        <Spark values={rates.map(({ cpu }) => cpu / Math.max(1, cpus))} />
        {now === undefined ? '–' : `${(now.cpu * 100).toFixed(0)}%`}
      </td>
      <td>{usage === null ? '–' : `${size(usage.memory)} of ${size(memory)}`}</td>
      <td>
        <Actions project={project} name={name} />
      </td>
    </tr>
  )
}
