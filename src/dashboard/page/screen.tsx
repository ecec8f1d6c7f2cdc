import { useEffect, useRef, useState } from 'preact/hooks'
import { address } from './live.ts'
import type { Shown, ShowOptions } from './shown.ts'

export type ScreenKind = 'terminal' | 'console' | 'display'

const loaders: Record<ScreenKind, () => Promise<(options: ShowOptions) => Shown>> = {
  terminal: async () => (await import('./terminal.ts')).showTerminal,
  console: async () => (await import('./terminal.ts')).showTerminal,
  display: async () => (await import('./display.ts')).showDisplay,
}

const names: Record<ScreenKind, string> = {
  terminal: 'Terminal',
  console: 'Serial console',
  display: 'Display',
}

/** A machine's terminal, console or screen, as long as it is shown. */
export function Screen(options: { kind: ScreenKind; root: string; machine: string; runs: boolean }) {
  const { kind, root, machine, runs } = options
  const element = useRef<HTMLDivElement>(null)
  const [status, setStatus] = useState('connecting…')
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (!runs) return
    let shown: Shown | null = null
    let socket: WebSocket | null = null
    let gone = false
    setStatus('connecting…')
    // First what hears the socket: a screen speaks as soon as it is joined.
    void loaders[kind]().then((show) => {
      const place = element.current
      if (place === null || gone) return
      socket = new WebSocket(address(kind, { root, machine }, 'ws:'))
      socket.binaryType = 'arraybuffer'
      socket.addEventListener('close', ({ reason }) => setStatus(reason === '' ? 'ended' : reason))
      shown = show({ element: place, socket, sized: kind === 'terminal', onOpen: () => setStatus('') })
    })
    return () => {
      gone = true
      shown?.close()
      socket?.close()
    }
  }, [kind, root, machine, runs, attempt])
  if (!runs) return <p>{machine} is not running.</p>
  return (
    <>
      <p role="status" class="screen-status">
        {status}
        {status === '' || status === 'connecting…' ? null : (
          <button type="button" onClick={() => setAttempt(attempt + 1)}>
            Connect again
          </button>
        )}
      </p>
      <section class={`screen ${kind}`} ref={element} aria-label={`${names[kind]} of ${machine}`} />
    </>
  )
}
