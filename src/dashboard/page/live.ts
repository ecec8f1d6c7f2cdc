import type { Message, ProjectDetail, Wish } from '../protocol.ts'
import { changed, fail, keyOf, state, take } from './store.ts'

/** Milliseconds before the next try to connect, and before a project is looked at again. */
const wait = { connect: 1000, look: 300 }

type Answer = Extract<Message, { type: 'answer' }>

let socket: WebSocket | null = null
let count = 0
const open = new Map<number, (answer: Answer) => void>()
const due = new Set<string>()

/** The address of a WebSocket or of a download beside this page. */
export function address(path: string, query: Record<string, string>, protocol = location.protocol): string {
  const url = new URL(path, location.href)
  url.protocol = protocol
  url.hash = ''
  url.search = new URLSearchParams(query).toString()
  return url.href
}

/** Hears the server for as long as the page is open. */
export function connect(): void {
  const opened = new WebSocket(address('live', {}, 'ws:'))
  socket = opened
  opened.onopen = () => {
    state.connected = true
    state.events = []
    changed()
  }
  opened.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    if (message.type === 'answer') {
      open.get(message.id)?.(message)
      open.delete(message.id)
    } else for (const root of take(message)) look(root)
    changed()
  }
  opened.onclose = () => {
    state.connected = false
    state.busy.clear()
    open.clear()
    changed()
    setTimeout(connect, wait.connect)
  }
}

function ask(root: string, wish: Wish): Promise<Answer> {
  const id = count++
  return new Promise((resolve) => {
    open.set(id, resolve)
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ id, root, wish }))
  })
}

/** Looks at a project, once for all that asks for it in a while. */
function look(root: string): void {
  if (due.has(root)) return
  due.add(root)
  const first = state.projects.get(root)?.detail === null
  setTimeout(
    async () => {
      due.delete(root)
      const { detail, error } = await ask(root, { do: 'look' })
      const project = state.projects.get(root)
      if (project === undefined) return
      if (detail !== null) project.detail = detail
      else if (error !== null) project.detail = without(error)
      changed()
    },
    first ? 0 : wait.look,
  )
}

function without(problem: NonNullable<ProjectDetail['problem']>): ProjectDetail {
  return { problem, machines: [], screens: [], networks: [], snapshots: [] }
}

/** Has something done; shows that it goes on, and how it failed. */
export async function wish(root: string, wanted: Wish, label: string): Promise<void> {
  const key = keyOf(root, 'machine' in wanted ? wanted.machine : '')
  state.busy.set(key, label)
  changed()
  const { error } = await ask(root, wanted)
  state.busy.delete(key)
  if (error !== null) fail(root, label, error)
  look(root)
  changed()
}
