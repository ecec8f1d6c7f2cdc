import RFB from '@novnc/novnc'
import type { Shown, ShowOptions } from './shown.ts'

/** A machine's screen, scaled to the page, with keyboard and pointer. What the guest has copied stays there. */
export function showDisplay({ element, socket, onOpen }: ShowOptions): Shown {
  const screen = new RFB(element, socket)
  screen.scaleViewport = true
  screen.background = 'transparent'
  screen.addEventListener('connect', () => {
    onOpen()
    screen.focus()
  })
  return { close: () => screen.disconnect() }
}
