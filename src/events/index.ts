export type {
  Emit,
  MachineEvent,
  NoticeEvent,
  OutputEvent,
  PosadaEvent,
  ProgressEvent,
  StepEvent,
} from './events.ts'
