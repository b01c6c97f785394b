export { PathsPlace } from "./paths-place.tsx";
