export { type HttpClient, type HttpRequest, openHttp } from './client.ts'
export { mayPass, waitAfter } from './failure.ts'
export { expectSuccess, type HttpResponse } from './response.ts'
export { pauseAfter, withRetries } from './retry.ts'
