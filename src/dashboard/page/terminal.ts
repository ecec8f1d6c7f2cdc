import { FitAddon } from '@xterm/addon-fit'
import { Terminal } from '@xterm/xterm'
import type { Shown, ShowOptions } from './shown.ts'

/** Bytes that are shown and not drawn yet, at most: more is not taken from the guest. */
const scrollback = 5000

/**
 * A terminal whose other side is a machine. What the guest writes is hostile: titles and links are not followed, and
 * nothing of it reaches the clipboard or the page.
 */
export function showTerminal({ element, socket, sized, onOpen }: ShowOptions): Shown {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches
  const terminal = new Terminal({
    scrollback,
    screenReaderMode: true,
    fontFamily: 'ui-monospace, monospace',
    theme: dark
      ? { background: '#14171a', foreground: '#e6e8ea' }
      : { background: '#ffffff', foreground: '#1b1f23', cursor: '#1b1f23', selectionBackground: '#b6d3ff' },
    linkHandler: { activate: () => undefined },
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(element)
  const encoder = new TextEncoder()
  const send = (bytes: Uint8Array<ArrayBuffer>) => socket.readyState === WebSocket.OPEN && socket.send(bytes)
  const resize = () => {
    fit.fit()
    if (sized && socket.readyState === WebSocket.OPEN) socket.send(`${terminal.cols}x${terminal.rows}`)
  }
  const open = () => {
    resize()
    terminal.focus()
  }
  const watcher = new ResizeObserver(resize)
  watcher.observe(element)
  terminal.onData((text) => send(encoder.encode(text)))
  terminal.onBinary((text) => send(Uint8Array.from(text, (one) => one.charCodeAt(0))))
  socket.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return
    onOpen()
    terminal.write(new Uint8Array(data))
  })
  if (socket.readyState === WebSocket.OPEN) open()
  else socket.addEventListener('open', open)
  if (!sized) onOpen()
  return {
    close: () => {
      watcher.disconnect()
      terminal.dispose()
    },
  }
}
