import { loadKoffi } from '../../src/lib/native/koffi.ts'

type MakeFifo = (path: Buffer, mode: number) => number

let makeNative: MakeFifo | undefined

/**
 * Makes a FIFO that only its owner may open; what cannot be is a system error. Not by the program mkfifo: what starts
 * one takes longer to load than a machine's disk to make. Source: mkfifo(3).
 */
export function makeFifo(path: string): void {
  const koffi = loadKoffi()
  makeNative ??= koffi.load(null).func('int mkfifo(const void *path, unsigned int mode)') as MakeFifo
  if (makeNative(Buffer.from(`${path}\0`), 0o600) === 0) return
  const failure = koffi.errno()
  const [code = `errno ${failure}`] =
    Object.entries(koffi.os.errno).find(([, number]) => number === failure) ?? []
  throw Object.assign(new Error(`${code}: mkfifo '${path}'`), { code, syscall: 'mkfifo', path })
}
