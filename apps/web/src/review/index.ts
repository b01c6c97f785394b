export { CountdownBar } from "./countdown-bar.tsx";
export { ReviewPlace } from "./review-place.tsx";
