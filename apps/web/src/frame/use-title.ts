import { useEffect } from "react";
import { useStatus } from "../api/index.ts";
import { PLACES } from "./places.ts";

/** The title of the tab: the place and the machine, and the question while an apply waits for its answer elsewhere. */
export function useTitle(location: string): void {
  const status = useStatus().data;
  const place = PLACES.find(({ path }) => location.startsWith(path))?.label ?? "Flows";
  const first = status?.unconfirmed ? "Keep these rules?" : place;
  const title = status ? `${first} · ${status.machine}` : first;
  useEffect(() => {
    document.title = title;
  }, [title]);
}
