export { formatDestination, type Open, type Opened, type Refusal } from './destination.ts'
export { type ProxyServer, serveProxy } from './serve.ts'
