export { askForwards, launchForwarder } from './launch.ts'
