import { openDisk } from '../../providers/kvm/disk/open-disk.ts'

// A program for the test that kills it: writes blocks of a disk at random, each filled with the number of
// its round, and says after every flush which round is safe. Arguments: path, bytes.
const [path = '', bytes = '0'] = process.argv.slice(2)
const block = 4096
const blocks = Number(bytes) / block
const disk = openDisk({ path, format: 'qcow2', readOnly: false })
for (let round = 1; ; round += 1) {
  for (let count = 0; count < 40; count += 1) {
    // Blocks are written again and again, so that places are given up and used again.
    const at = (round * 7919 + count * 104729) % blocks
    if (count % 9 === 8) disk.writeZeroes(at * block, block, false)
    const data = new Uint32Array(block / 4).fill(round)
    disk.write(at * block, [new Uint8Array(data.buffer)])
  }
  disk.flush()
  process.stdout.write(`${round}\n`)
}
