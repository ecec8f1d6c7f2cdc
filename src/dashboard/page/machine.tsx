import type { ComponentChildren } from 'preact'
import type { PortResult, StatusResult } from '../../machine/index.ts'
import { Actions } from './actions.tsx'
import { Activity, Steps } from './activity.tsx'
import { Graph } from './graph.tsx'
import { State, stateOf } from './machine-state.tsx'
import { linkTo } from './route.ts'
import { Screen } from './screen.tsx'
import { Snapshots } from './snapshots.tsx'
import { keyOf, type Project, type State as Store } from './store.ts'
import { Tabs } from './tabs.tsx'
import { size } from './units.ts'

/** Everything of one machine. */
export function Machine({
  project,
  name,
  tab,
  store,
}: {
  project: Project
  name: string
  tab: string
  store: Store
}) {
  const { root, detail } = project
  const status = detail?.machines.find((machine) => machine.name === name)
  const runs = ['running', 'starting', 'paused'].includes(stateOf(project, name))
  const views: Record<string, { title: string; view: () => ComponentChildren }> = {
    overview: {
      title: 'Overview',
      view: () => <Facts project={project} name={name} status={status} store={store} />,
    },
    terminal: {
      title: 'Terminal',
      view: () => <Screen kind="terminal" root={root} machine={name} runs={runs} />,
    },
    console: {
      title: 'Console',
      view: () => <Screen kind="console" root={root} machine={name} runs={runs} />,
    },
    ...(detail?.screens.includes(name) === true
      ? {
          display: {
            title: 'Display',
            view: () => <Screen kind="display" root={root} machine={name} runs={runs} />,
          },
        }
      : {}),
    steps: {
      title: 'Steps',
      view: () => (
        <>
          <Steps steps={status?.steps ?? []} />
          <Activity events={store.events.filter((event) => event.root === root && isOf(event, name))} />
        </>
      ),
    },
    snapshots: { title: 'Snapshots', view: () => <Snapshots project={project} machine={name} /> },
  }
  const shown = views[tab] ?? views.overview
  return (
    <>
      <h1>
        {name} <State name={stateOf(project, name)} />
      </h1>
      <p class="path">
        <a href={linkTo(root)}>{project.name}</a> {root}
      </p>
      <Actions project={project} name={name} all />
      <Tabs
        label={`Views of ${name}`}
        tabs={Object.entries(views).map(([id, { title }]) => ({ id, title, href: linkTo(root, name, id) }))}
        current={tab in views ? tab : 'overview'}
      >
        {shown?.view()}
      </Tabs>
    </>
  )
}

function isOf(event: Store['events'][number], name: string): boolean {
  return 'machine' in event && event.machine === name
}

function Facts(options: { project: Project; name: string; status: StatusResult | undefined; store: Store }) {
  const { project, name, status, store } = options
  const rates = store.rates.get(keyOf(project.root, name)) ?? []
  const { cpus = 1, memory = 1 } = project.stats.get(name) ?? status ?? {}
  const persecond = (bytes: number) => `${size(bytes)}/s`
  return (
    <>
      {status?.reason === undefined ? null : <p class="failure">{status.reason}</p>}
      {status?.console === undefined ? null : <pre>{status.console.join('\n')}</pre>}
      <div class="graphs">
        <Graph
          title="CPU"
          top={Math.max(1, cpus)}
          series={[{ name: '', values: rates.map(({ cpu }) => cpu) }]}
          text={(value) => `${(value * 100).toFixed(0)}%`}
        />
        <Graph
          title="Memory"
          top={memory}
          series={[{ name: '', values: rates.map((one) => one.memory) }]}
          text={size}
        />
        <Graph
          title="Disk"
          top={null}
          series={[
            { name: 'read', values: rates.map(({ read }) => read) },
            { name: 'written', values: rates.map(({ written }) => written) },
          ]}
          text={persecond}
        />
        <Graph
          title="Network"
          top={null}
          series={[
            { name: 'received', values: rates.map(({ received }) => received ?? 0) },
            { name: 'sent', values: rates.map(({ sent }) => sent ?? 0) },
          ]}
          text={persecond}
        />
      </div>
      {status === undefined ? null : <Record status={status} />}
    </>
  )
}

function Record({ status }: { status: StatusResult }) {
  const { box, provider, accelerator, cpus, memory, ssh, startedAt, ports, pending, folders = [] } = status
  return (
    <dl class="facts">
      <dt>Box</dt>
      <dd>{box}</dd>
      <dt>Given</dt>
      <dd>
        {cpus} CPUs, {size(memory)}
      </dd>
      <dt>Provider</dt>
      <dd>{provider === null ? '–' : `${provider} ${accelerator ?? ''}`}</dd>
      <dt>Started</dt>
      <dd>{startedAt === null ? '–' : new Date(startedAt).toLocaleString()}</dd>
      <dt>SSH</dt>
      <dd>{ssh === null ? '–' : `${ssh.user}@${ssh.host}:${ssh.port}`}</dd>
      <dt>Ports</dt>
      <dd>
        {ports.length === 0
          ? '–'
          : ports.map((port) => <Port key={`${port.protocol}${port.hostPort}`} port={port} />)}
      </dd>
      {folders.length === 0 ? null : <dt>Folders</dt>}
      {folders.map((folder) => (
        <dd key={folder.to}>
          {folder.to} <small>{folder.state}</small>
        </dd>
      ))}
      {pending.length === 0 ? null : <dt>Changed in the manifest</dt>}
      {pending.length === 0 ? null : <dd>{pending.join(', ')}</dd>}
    </dl>
  )
}

/** Opened elsewhere, and told nothing of this page. */
function Port({ port: { protocol, hostAddress, hostPort, guestPort } }: { port: PortResult }) {
  const host = hostAddress === '' || hostAddress === '0.0.0.0' ? '127.0.0.1' : hostAddress
  const text = `${host}:${hostPort} → ${guestPort}/${protocol}`
  if (protocol === 'udp') return <span class="port">{text}</span>
  const name = host.includes(':') ? `[${host}]` : host
  return (
    <a class="port" href={`http://${name}:${hostPort}/`} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  )
}
