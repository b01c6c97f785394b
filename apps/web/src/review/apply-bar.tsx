/** Discard and Apply. Apply is there always; when it cannot be pressed, the reason stands beside it. */
import { useId } from "react";
import { Link } from "wouter";
import { useStatus } from "../api/index.ts";
import { asking } from "../frame/asking.ts";
import { useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { duration } from "./apply-form.tsx";
import type { Blocked } from "./blocked.ts";
import styles from "./review.module.css";

type ApplyBarProps = {
  blocked: Blocked | null;
  within: number;
  changes: number;
  apply: () => void;
};

export function ApplyBar({ blocked, within, changes, apply }: ApplyBarProps) {
  const id = useId();
  const host = useStatus().data?.target.kind === "host";
  useActions([
    { id: "apply", label: "Apply now", group: "Review", disabled: blocked?.reason ?? null, run: apply },
  ]);
  return (
    <section className={styles.bar} aria-label="Apply">
      <p id={id} className={blocked ? styles.reason : styles.promise}>
        {blocked?.reason ??
          (within === 0
            ? "For good at once: no way back by itself."
            : `Back to the old rules by itself unless you confirm within ${duration(within)}.`)}
        {blocked?.way ? (
          <>
            {" "}
            <Link href={blocked.way.href}>{blocked.way.label}</Link>
          </>
        ) : null}
      </p>
      <Button look="plain" disabled={changes === 0} onClick={() => asking.set("discard")}>
        Discard
      </Button>
      <Button
        look="primary"
        data-asks=""
        aria-disabled={blocked !== null}
        aria-describedby={id}
        onClick={() => (blocked === null ? apply() : undefined)}
      >
        {host ? "Apply to this machine" : "Apply"}
      </Button>
    </section>
  );
}
