export { TestPlace } from "./test-place.tsx";
