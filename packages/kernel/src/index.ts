export { countRules, ownerIn } from "./counters.ts";
export * from "./kernel.ts";
export { LOCKS } from "./lock.ts";
export { type KernelOptions, openKernel } from "./open.ts";
export { HOOKED } from "./ours.ts";
export { isNamespaceName, type TargetSpec } from "./target.ts";
export { type Removed, uninstall } from "./uninstall.ts";
export { ensureWorld, removeWorld } from "./world.ts";
