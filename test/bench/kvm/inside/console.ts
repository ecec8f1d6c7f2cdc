import { readFileSync, watch } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A guest's console as it grows. */
export interface Console {
  /** Resolves with the moment (process.hrtime.bigint) at which the text was first seen. */
  seen(text: string): Promise<bigint>
  /** Called for each whole line, those that stand already too. */
  onLine(listen: (line: string) => void): void
  text(): string
  close(): void
}

/** Milliseconds after which a guest that says nothing more is given up. */
const patience = 180_000

/** Watches a log file, by inotify, so that watching takes no time from the guest, until `ended` says why it ends. */
export function watchConsole(path: string, ended: Promise<string>): Console {
  let text = ''
  let lines = 0
  const waiting = new Set<() => void>()
  const listeners = new Set<(line: string) => void>()
  const look = () => {
    text = readFileSync(path, 'latin1')
    for (const check of waiting) check()
    const whole = text.split(/\r?\n/).slice(0, -1)
    for (const line of whole.slice(lines)) for (const listen of listeners) listen(line)
    lines = whole.length
  }
  const watcher = watch(path, look)
  return {
    async seen(wanted) {
      const found = new Promise<bigint>((resolve) => {
        const check = () => {
          if (!text.includes(wanted)) return
          waiting.delete(check)
          resolve(process.hrtime.bigint())
        }
        waiting.add(check)
        check()
      })
      const abort = new AbortController()
      const late = delay(patience, 'it takes too long', { signal: abort.signal }).catch(() => '')
      const moment = await Promise.race([found, ended, late])
      abort.abort()
      if (typeof moment === 'bigint') return moment
      throw new Error(`the guest did not say ${wanted}: ${moment}: ${text.slice(-2000)}`)
    },
    onLine(listen) {
      listeners.add(listen)
      for (const line of text.split(/\r?\n/).slice(0, lines)) listen(line)
    },
    text: () => text,
    close: () => watcher.close(),
  }
}
