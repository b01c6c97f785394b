export { TextPlace } from "./text-place.tsx";
export { useUnsavedText } from "./unsaved.ts";
