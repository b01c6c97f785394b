export * from "./dead-rules.ts";
export * from "./trace.ts";
export type { Decision, TraceOptions, Verdict } from "./walk.ts";
