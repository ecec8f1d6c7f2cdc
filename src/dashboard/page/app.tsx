import { useEffect } from 'preact/hooks'
import { Activity } from './activity.tsx'
import { Machine } from './machine.tsx'
import { machinesOf, State, stateOf } from './machine-state.tsx'
import { Networks } from './networks.tsx'
import { Overview } from './overview.tsx'
import { linkTo, useRoute } from './route.ts'
import { dismiss, type Project, type State as Store, useStore } from './store.ts'

export function App() {
  const store = useStore()
  const { root, machine, tab } = useRoute()
  const project = root === null ? undefined : store.projects.get(root)
  const title = machine ?? project?.name
  useEffect(() => {
    document.title = title === undefined ? 'Posada' : `${title} · Posada`
  }, [title])
  return (
    <>
      <button type="button" class="skip" onClick={toMain}>
        Skip to content
      </button>
      <header>
        <a class="brand" href="#/">
          Posada
        </a>
        <span class="version">{store.version}</span>
        <span role="status" class={store.connected ? 'link up' : 'link down'}>
          {store.connected ? 'connected' : 'not connected: is posada dashboard running?'}
        </span>
      </header>
      <Navigation store={store} root={root} machine={machine} />
      <main id="main" tabIndex={-1}>
        <Failures store={store} />
        {project === undefined ? (
          <Overview projects={[...store.projects.values()]} />
        ) : machine === null ? (
          <ProjectView project={project} store={store} />
        ) : (
          <Machine project={project} name={machine} tab={tab} store={store} key={`${root}\n${machine}`} />
        )}
      </main>
    </>
  )
}

function toMain(): void {
  document.getElementById('main')?.focus()
}

function Navigation({ store, root, machine }: { store: Store; root: string | null; machine: string | null }) {
  const projects = [...store.projects.values()].sort((a, b) => a.name.localeCompare(b.name))
  const here = (isHere: boolean) => (isHere ? { 'aria-current': 'page' as const } : {})
  return (
    <nav aria-label="Projects and machines">
      <ul>
        {projects.map((project) => (
          <li key={project.root}>
            <a
              class="project"
              href={linkTo(project.root)}
              title={project.root}
              {...here(project.root === root && machine === null)}
            >
              {project.name}
            </a>
            <ul>
              {machinesOf(project).map((name) => (
                <li key={name}>
                  <a href={linkTo(project.root, name)} {...here(project.root === root && name === machine)}>
                    {name} <State name={stateOf(project, name)} />
                  </a>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function ProjectView({ project, store }: { project: Project; store: Store }) {
  const problem = project.detail?.problem
  return (
    <>
      <h1>{project.name}</h1>
      <p class="path">{project.root}</p>
      {problem == null ? null : (
        <div class="failure" role="alert">
          <strong>{problem.message}</strong>
          {problem.problems.map((one) => (
            <p key={one.message}>
              {one.place === null ? '' : `${one.place.file}:${one.place.line}: `}
              {one.message}
            </p>
          ))}
        </div>
      )}
      <Overview projects={[project]} />
      <Networks project={project} />
      <Activity events={store.events.filter(({ root }) => root === project.root)} />
    </>
  )
}

function Failures({ store }: { store: Store }) {
  return (
    <div role="alert">
      {store.failures.map(({ id, what, error }) => (
        <div class="failure" key={id}>
          <button type="button" class="close" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
          <strong>
            {what}: {error.message}
          </strong>{' '}
          <code>{error.code}</code>
          {error.problems.map((one) => (
            <p key={one.message}>{one.message}</p>
          ))}
          {error.details.length === 0 ? null : <pre>{error.details.join('\n')}</pre>}
          {error.hint === null ? null : <p class="hint">{error.hint}</p>}
        </div>
      ))}
    </div>
  )
}
