export type {
  Emit,
  MachineEvent,
  NoticeEvent,
  OutputEvent,
  PosadaEvent,
  ProgressEvent,
  SectionEvent,
  StepEvent,
} from './events.ts'
