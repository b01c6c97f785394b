export { familiesOf, rulesOf } from "./chains.ts";
export { compile, EMPTY_PROGRAM } from "./compile.ts";
export { delta, holds, isEmptyDelta, isFlowChain, MOST_KEPT, sameNetworks } from "./delta.ts";
export { assignMarks, highestIndex, indexOf, markOf } from "./marks.ts";
export { normaliseRule } from "./normalise.ts";
export {
  HOOK_COMMENT,
  OUR_PRIORITY,
  OUR_PROTOCOL,
  OUR_TABLES,
  OWN_CHAINS,
  RETIRED_COMMENT,
  SET_PREFIX,
} from "./ours.ts";
export * from "./program.ts";
export { plain, renderFamily, renderPieces, renderRouting, renderSets } from "./render.ts";
export { describeIpRule, describeRoute, directorTable } from "./routing.ts";
export { describeSet, listsBySet, renderSet } from "./sets.ts";
export { unshared } from "./unshared.ts";
