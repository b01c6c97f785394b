export * from "./dead-rules.ts";
export * from "./differences.ts";
export * from "./findings.ts";
export type { AnalysisOptions } from "./options.ts";
export type { PacketRegion } from "./space/described.ts";
export type { RuleName } from "./space/rules.ts";
export * from "./told.ts";
export * from "./trace.ts";
export type { Decision, TraceOptions, Verdict } from "./walk.ts";
