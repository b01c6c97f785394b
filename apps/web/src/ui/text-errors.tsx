import { Link } from "wouter";
import { counted } from "./say.ts";
import { Banner } from "./states.tsx";

/** Over a place that is read-only while the text has errors: why, and the way to mend it. */
export function TextErrors({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <Banner tone="warning" actions={<Link href="/text">Go to Text</Link>}>
      <b>Text has {counted(count, "error")}.</b> You see the last valid version, read-only. Mend the text to
      go on.
    </Banner>
  );
}
