// Run in a network namespace of its own, whose loopback has the address given besides: a name server and a package mirror,
// which is the folder given. `ready` is said once both listen. Any name is that address's; there are no other records.
const { createSocket } = require('node:dgram')
const { readFile } = require('node:fs')
const { createServer } = require('node:http')
const { join, normalize } = require('node:path')

const [, , address, folder] = process.argv

/** The question comes back with one record of type A, or none. Source: RFC 1035, 4.1. */
function answer(query) {
  let end = 12
  while (query[end] !== 0) end += 1 + query[end]
  const question = query.subarray(12, end + 5)
  const isAddress = query.readUInt16BE(end + 1) === 1
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split('.').map(Number)])
  return Buffer.concat([head, question, ...(isAddress ? [record] : [])])
}

const names = createSocket('udp4')
names.on('message', (query, { port, address: from }) => names.send(answer(query), port, from))
names.bind(53, address, () => {
  const mirror = createServer(({ url }, response) => {
    readFile(join(folder, normalize(decodeURI(url))), (error, content) =>
      error === null ? response.end(content) : response.writeHead(404).end(),
    )
  })
  mirror.listen(80, address, () => console.log('ready'))
})
