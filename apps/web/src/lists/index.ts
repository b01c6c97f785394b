export { ListsPlace } from "./lists-place.tsx";
