import { useRef } from 'preact/hooks'
import type { Wish } from '../protocol.ts'
import { wish } from './live.ts'
import { stateOf } from './machine-state.tsx'
import { keyOf, type Project, state } from './store.ts'

type Life = Extract<
  Wish,
  { do: 'up' | 'halt' | 'power-off' | 'reload' | 'suspend' | 'resume' | 'destroy' }
>['do']

const labels: Record<Life, string> = {
  up: 'Start',
  halt: 'Halt',
  'power-off': 'Cut power',
  reload: 'Reload',
  suspend: 'Suspend',
  resume: 'Resume',
  destroy: 'Destroy',
}

/** What can be done to a machine in each state. */
function fitting(name: string): Life[] {
  switch (name) {
    case 'running':
      return ['halt', 'reload', 'suspend', 'power-off', 'destroy']
    case 'starting':
      return ['up', 'halt', 'power-off', 'destroy']
    case 'paused':
    case 'suspended':
      return ['resume', 'power-off', 'destroy']
    case 'absent':
      return ['up']
    default:
      return ['up', 'destroy']
  }
}

/** What is asked before something is lost. */
const questions: Partial<Record<Life, string>> = {
  'power-off': 'What it has in memory is lost, and what it has not written to its disks yet.',
  destroy: 'Its disks and snapshots are deleted. This cannot be undone.',
}

/** The main verb first; `all` has the others too. */
export function Actions({ project, name, all = false }: { project: Project; name: string; all?: boolean }) {
  const { root } = project
  const busy = state.busy.get(keyOf(root, name))
  if (busy !== undefined) return <span role="status" class="busy">{`${busy}…`}</span>
  const verbs = fitting(stateOf(project, name))
  const act = (verb: Life) => void wish(root, { do: verb, machine: name }, `${labels[verb]} ${name}`)
  return (
    <span class="actions">
      {(all ? verbs : verbs.slice(0, 1)).map((verb) => {
        const question = questions[verb]
        return question === undefined ? (
          <button type="button" key={verb} aria-label={`${labels[verb]} ${name}`} onClick={() => act(verb)}>
            {labels[verb]}
          </button>
        ) : (
          <Confirmed
            key={verb}
            label={labels[verb]}
            what={`${labels[verb]} ${name}`}
            question={question}
            onConfirm={() => act(verb)}
          />
        )
      })}
    </span>
  )
}

/** A button that asks first. */
export function Confirmed(options: { label: string; what: string; question: string; onConfirm: () => void }) {
  const { label, what, question, onConfirm } = options
  const dialog = useRef<HTMLDialogElement>(null)
  // Closed first: what is asked for may take the dialog off the page.
  const confirm = () => {
    dialog.current?.close()
    onConfirm()
  }
  return (
    <>
      <button type="button" class="danger" aria-label={what} onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} aria-label={what}>
        <h2>{what}?</h2>
        <p>{question}</p>
        <form method="dialog" class="actions">
          <button type="submit">Cancel</button>
          <button type="button" class="danger" onClick={confirm}>
            {what}
          </button>
        </form>
      </dialog>
    </>
  )
}
