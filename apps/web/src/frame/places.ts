/** The places of the page and their addresses. */
export const PLACES = [
  { path: "/flows", label: "Flows" },
  { path: "/text", label: "Text" },
  { path: "/review", label: "Review" },
  { path: "/history", label: "History" },
] as const;
