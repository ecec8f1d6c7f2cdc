import { useState } from 'preact/hooks'
import type { NetworkResult } from '../../machine/index.ts'
import { address, wish } from './live.ts'
import { isCut, type Pair, pairsOf } from './network-links.ts'
import { NetworkPicture } from './network-picture.tsx'
import type { Project } from './store.ts'

const fields = ['latency', 'jitter', 'loss', 'rate'] as const
const examples: Record<(typeof fields)[number], string> = {
  latency: '40ms',
  jitter: '5ms',
  loss: '2%',
  rate: '10mbit',
}

/** The project's private networks, drawn, with their conditions to be changed. */
export function Networks({ project }: { project: Project }) {
  const networks = project.detail?.networks ?? []
  return networks.map((network) => (
    <section key={network.name} aria-label={`Network ${network.name}`} class="network">
      <h2>{network.name}</h2>
      <p class="path">
        {network.subnet} {network.isolated ? '(isolated)' : ''}
      </p>
      <NetworkPicture network={network} />
      <Links root={project.root} network={network} />
      <Conditions root={project.root} network={network} />
      <p>
        <a href={address('capture', { root: project.root, spot: network.name })} download>
          Capture {network.name} as pcapng
        </a>{' '}
        <small>It goes on until the download is cancelled, ten minutes at most.</small>
      </p>
    </section>
  ))
}

/** A row a pair of machines, cut or healed by a button. */
function Links({ root, network }: { root: string; network: NetworkResult }) {
  const change = (between: Pair, cut: boolean) => {
    const label = `${cut ? 'Cut' : 'Heal'} ${between.join(' – ')}`
    void wish(root, { do: 'conditions', network: network.name, between, set: {}, cut, reset: false }, label)
  }
  const pairs = pairsOf(network)
  if (pairs.length === 0 || pairs.length > 45) return null
  return (
    <table>
      <caption>Links</caption>
      <tbody>
        {pairs.map((pair) => {
          const cut = isCut(network, pair)
          const name = pair.join(' – ')
          return (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{cut ? 'cut' : 'open'}</td>
              <td>
                <button
                  type="button"
                  aria-label={`${cut ? 'Heal' : 'Cut'} ${name}`}
                  onClick={() => change(pair, !cut)}
                >
                  {cut ? 'Heal' : 'Cut'}
                </button>
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Conditions({ root, network }: { root: string; network: NetworkResult }) {
  const pairs = pairsOf(network)
  const [pair, setPair] = useState(-1)
  const [values, setValues] = useState<Record<string, string>>({})
  const send = (reset: boolean) => {
    const set = reset ? {} : Object.fromEntries(Object.entries(values).filter(([, text]) => text !== ''))
    const wanted = { network: network.name, between: pairs[pair] ?? null, set, cut: null, reset }
    void wish(root, { do: 'conditions', ...wanted }, `Change ${network.name}`)
  }
  return (
    <form
      class="conditions"
      onSubmit={(event) => {
        event.preventDefault()
        send(false)
      }}
    >
      <label>
        Between{' '}
        <select value={pair} onChange={(event) => setPair(Number(event.currentTarget.value))}>
          <option value={-1}>all machines</option>
          {pairs.map((one, index) => (
            <option key={one.join()} value={index}>
              {one.join(' – ')}
            </option>
          ))}
        </select>
      </label>
      {fields.map((field) => (
        <label key={field}>
          {field}{' '}
          <input
            size={8}
            placeholder={examples[field]}
            value={values[field] ?? ''}
            onInput={(event) => setValues({ ...values, [field]: event.currentTarget.value })}
          />
        </label>
      ))}
      <button type="submit">Apply</button>
      <button type="button" onClick={() => send(true)}>
        As in the manifest
      </button>
    </form>
  )
}
