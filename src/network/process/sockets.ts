import { mkdir, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ControlServer, type Handlers, serveControl } from '../../background/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists } from '../../lib/files/folders.ts'
import type { Spot } from '../capture/recording.ts'
import { CaptureServer } from './capture-server.ts'

export interface SocketsOptions {
  /** Paths of sockets in one folder that has nothing else in it. */
  control: string
  capture: string
  handlers: Handlers
  /** All whose frames can be captured now. */
  spots: () => Spot[]
}

/** The two sockets at which commands and captures come in. */
export class Sockets {
  readonly #options: SocketsOptions
  #control: ControlServer | null = null
  #captures: CaptureServer | null = null

  constructor(options: SocketsOptions) {
    this.#options = options
  }

  get captures(): CaptureServer | null {
    return this.#captures
  }

  /**
   * Opens what is not open, or whose socket was removed: the folder is emptied when its user logs out.
   * A captures' socket that is put back ends the captures that were open.
   */
  async open(): Promise<void> {
    const { control, capture, handlers, spots } = this.#options
    await mkdir(dirname(control), { recursive: true, mode: 0o700 })
    if (this.#control === null || !(await exists(control))) {
      await this.#control?.close()
      this.#control = await serveControl(control, handlers)
    }
    if (this.#captures === null || !(await exists(capture))) {
      await this.#captures?.close()
      this.#captures = await CaptureServer.listen(capture, spots)
    }
  }

  /** Takes the sockets away, and their folder. */
  async close(): Promise<void> {
    await this.#control?.close()
    await this.#captures?.close()
    try {
      await rmdir(dirname(this.#options.control))
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTEMPTY')) throw error
    }
  }
}
