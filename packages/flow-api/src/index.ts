/** What travels over REST: the zod schema of each request and answer, shared by server and page. */
export * from "./analysis.ts";
export * from "./apply.ts";
export * from "./draft.ts";
export * from "./exchange.ts";
export * from "./kernel.ts";
export * from "./lists.ts";
export * from "./paths.ts";
export * from "./problem.ts";
export * from "./stateless.ts";
export * from "./status.ts";
export * from "./trace.ts";
