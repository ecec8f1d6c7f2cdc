import { useState } from 'preact/hooks'
import type { SnapshotResult } from '../../machine/index.ts'
import { Confirmed } from './actions.tsx'
import { wish } from './live.ts'
import { keyOf, type Project, state } from './store.ts'
import { size } from './units.ts'

/** The snapshots of a machine as a tree, each below the one that it came after. */
export function Snapshots({ project, machine }: { project: Project; machine: string }) {
  const all = (project.detail?.snapshots ?? []).filter((one) => one.machine === machine)
  const [name, setName] = useState('')
  const isBusy = state.busy.has(keyOf(project.root, machine))
  const save = (event: Event) => {
    event.preventDefault()
    void wish(project.root, { do: 'snapshot-save', machine, name }, `Save ${name}`)
    setName('')
  }
  return (
    <>
      <form onSubmit={save} class="conditions">
        <label>
          Name{' '}
          <input
            required
            pattern="[a-zA-Z0-9._\-]+"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={isBusy}>
          Save a snapshot
        </button>
      </form>
      {all.length === 0 ? (
        <p>{machine} has no snapshots.</p>
      ) : (
        <Branch all={all} parent={null} root={project.root} />
      )}
    </>
  )
}

function Branch({ all, parent, root }: { all: SnapshotResult[]; parent: string | null; root: string }) {
  const here = all.filter((one) => one.parent === parent)
  if (here.length === 0) return null
  return (
    <ul class="tree">
      {here.map((one) => (
        <li key={one.name}>
          <b>{one.name}</b> {one.current ? <span class="state running">current</span> : null}{' '}
          <small>
            {new Date(one.at).toLocaleString()}, {size(one.size)}
            {one.memory ? ', with memory' : ''} {one.note ?? ''}
          </small>
          <Verbs one={one} root={root} />
          <Branch all={all} parent={one.name} root={root} />
        </li>
      ))}
    </ul>
  )
}

function Verbs({ one: { machine, name }, root }: { one: SnapshotResult; root: string }) {
  const act = (verb: 'snapshot-restore' | 'snapshot-delete', label: string) => () =>
    void wish(root, { do: verb, machine, name }, label)
  return (
    <span class="actions">
      <Confirmed
        label="Restore"
        what={`Restore ${name}`}
        question={`What ${machine} is now is lost, unless it was saved.`}
        onConfirm={act('snapshot-restore', `Restore ${name}`)}
      />
      <Confirmed
        label="Delete"
        what={`Delete ${name}`}
        question="It cannot be restored then."
        onConfirm={act('snapshot-delete', `Delete ${name}`)}
      />
    </span>
  )
}
