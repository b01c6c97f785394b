export { compile, EMPTY_PROGRAM } from "./compile.ts";
export { delta, isEmptyDelta } from "./delta.ts";
export { HOOK_COMMENT, OWN_CHAINS } from "./hooks.ts";
export { assignMarks, markOf } from "./marks.ts";
export { normaliseRule } from "./normalise.ts";
export * from "./program.ts";
export { renderFamily, renderRouting } from "./render.ts";
export {
  describeIpRule,
  describeRoute,
  directorTable,
  OUR_PRIORITY,
  OUR_PROTOCOL,
  OUR_TABLES,
} from "./routing.ts";
