/** The ordered list and the panel. */
export function FlowsPlace({ opened }: { opened: string | null }) {
  return <p>{opened}</p>;
}
