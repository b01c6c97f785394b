/** The places of the page and their addresses; on a phone those that a day needs stand in the bar, the rest in its menu. */
type Place = { path: string; label: string; inBar: boolean };

export const PLACES: readonly Place[] = [
  { path: "/flows", label: "Flows", inBar: true },
  { path: "/lists", label: "Lists", inBar: false },
  { path: "/text", label: "Text", inBar: true },
  { path: "/test", label: "Test", inBar: false },
  { path: "/review", label: "Review", inBar: true },
  { path: "/history", label: "History", inBar: false },
  { path: "/paths", label: "Paths", inBar: false },
  { path: "/kernel", label: "Kernel", inBar: false },
];

/** Parts of a place that are gone to by their own name. */
export const PARTS: readonly Pick<Place, "path" | "label">[] = [
  { path: "/test/search", label: "Search packets" },
  { path: "/test/expectations", label: "Expectations" },
];
