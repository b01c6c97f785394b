export { KernelPlace } from "./kernel-place.tsx";
