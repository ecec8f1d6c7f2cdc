export { environment } from './open-environment.ts'
