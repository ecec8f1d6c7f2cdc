import type { Socket } from 'node:net'
import type { Connection } from './connection.ts'

/** The two ports that name a connection. */
export interface Ports {
  readonly guestPort: number
  readonly hostPort: number
}

const mostConnections = 1023

/** Connections by their ports: those that are open, and those that a program of the host has asked the guest for. */
export class ConnectionTable {
  readonly #open = new Map<string, Connection>()
  readonly #asking = new Map<string, Socket>()

  get isFull(): boolean {
    return this.#open.size + this.#asking.size >= mostConnections
  }

  find(ports: Ports): Connection | undefined {
    return this.#open.get(keyOf(ports))
  }

  isAsking(ports: Ports): boolean {
    return this.#asking.has(keyOf(ports))
  }

  add(connection: Connection): void {
    this.#open.set(keyOf(connection), connection)
  }

  /** False where it is not, or no longer, the one with its ports. */
  remove(connection: Connection): boolean {
    return this.find(connection) === connection && this.#open.delete(keyOf(connection))
  }

  ask(ports: Ports, socket: Socket): void {
    this.#asking.set(keyOf(ports), socket)
  }

  /** The socket that asked, which does no longer; undefined where none did. */
  takeAsking(ports: Ports): Socket | undefined {
    const socket = this.#asking.get(keyOf(ports))
    this.#asking.delete(keyOf(ports))
    return socket
  }

  /** Ends all. */
  clear(): void {
    for (const connection of this.#open.values()) connection.destroy()
    const sockets = [...this.#asking.values()]
    this.#open.clear()
    this.#asking.clear()
    for (const socket of sockets) socket.destroy()
  }
}

function keyOf({ guestPort, hostPort }: Ports): string {
  return `${guestPort}:${hostPort}`
}
