/** What shows a machine's terminal, console or screen in an element; for as long as it is looked at. */
export interface Shown {
  close(): void
}

export interface ShowOptions {
  element: HTMLElement
  socket: WebSocket
  /** The size of the terminal matters to the other side. */
  sized: boolean
  onOpen: () => void
}
