export * from "./kernel.ts";
export { type KernelOptions, openKernel } from "./open.ts";
export { isNamespaceName, type TargetSpec } from "./target.ts";
export { ensureWorld, removeWorld } from "./world.ts";
