export { TextPlace } from "./place.tsx";
export { useUnsavedText } from "./unsaved.ts";
