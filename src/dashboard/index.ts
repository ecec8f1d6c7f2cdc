export { type DashboardResult, dashboard } from './dashboard.ts'
