/** The editor comes when it is first wanted: half of the page's code is its. */
import { lazy, Suspense } from "react";
import { Waiting } from "../ui/states.tsx";

const Place = lazy(async () => ({ default: (await import("./text-place.tsx")).TextPlace }));

export function TextPlace() {
  return (
    <Suspense fallback={<Waiting>Opening the editor</Waiting>}>
      <Place />
    </Suspense>
  );
}
