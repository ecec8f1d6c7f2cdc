import type { LoggedEvent } from '../../event-log/index.ts'
import type { StepStatus } from '../../machine/index.ts'
import { clock } from './units.ts'

const shown = 200
const marks: Record<string, string> = { start: '·', work: '·', wait: '·', done: '✓', skip: '-', fail: '✗' }

/** What commands say, whoever started them; the newest last. */
export function Activity({ events }: { events: LoggedEvent[] }) {
  const lines = events.flatMap(lineOf).slice(-shown)
  return (
    <section aria-label="Activity">
      <h2>Activity</h2>
      {lines.length === 0 ? (
        <p>Nothing yet.</p>
      ) : (
        <ol class="activity">
          {lines.map(({ key, at, mark, machine, text, kind }) => (
            <li key={key} class={kind}>
              <time dateTime={at}>{clock(at)}</time> {mark} {machine === '' ? '' : <b>{machine}</b>} {text}
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}

function lineOf(event: LoggedEvent, index: number) {
  const { at, pid, type } = event
  const base = { key: `${at} ${pid} ${index}`, at, machine: ('machine' in event && event.machine) || '' }
  switch (type) {
    case 'step':
    case 'machine':
      return [{ ...base, mark: marks[event.status] ?? '', text: plain(event.message), kind: event.status }]
    case 'notice':
      return [{ ...base, mark: '', text: plain(event.message), kind: event.level }]
    case 'output':
      return [{ ...base, mark: '|', text: plain(event.text.trimEnd()), kind: 'output' }]
    default:
      return []
  }
}

/** Without escape sequences (ECMA-48, 5.4) and other controls. The browser takes no markup from it. */
function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
      .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|.)/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
  )
}

export function Steps({ steps }: { steps: StepStatus[] }) {
  if (steps.length === 0) return <p>The manifest has no provision steps for it.</p>
  return (
    <table>
      <caption>Provision steps</caption>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Kind</th>
          <th scope="col">Done</th>
          <th scope="col">Due</th>
          <th scope="col">Note</th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ name, kind, doneAt, due, failed, problem }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{kind}</td>
            <td>{doneAt === null ? '–' : new Date(doneAt).toLocaleString()}</td>
            <td>{due ? 'yes' : 'no'}</td>
            <td>{problem ?? (failed === null ? '' : `failed: ${failed.code}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
