/** What changed from one revision to another or to the draft: a headline and the text. */
import type { ReactNode } from "react";
import { useDraft, useRevisionDiff } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { DiffView } from "../ui/diff-view.tsx";
import { Waiting } from "../ui/states.tsx";
import { useMedia } from "../ui/use-media.ts";
import styles from "./history.module.css";
import { byAge, sideWords } from "./sides.ts";

/** Below this two columns of flow text are too narrow to read. */
const SPLIT = "(min-width: 1100px)";

type DifferenceProps = { one: number; other: number | "draft" };

export function Difference({ one, other }: DifferenceProps) {
  const { from, to } = byAge(one, other);
  const { etag } = useDraft();
  const { data, error, refetch } = useRevisionDiff(from, to, to === "draft" ? etag : null);
  const wide = useMedia(SPLIT);
  if (error) {
    return (
      <Said>
        {error.message}{" "}
        <Button look="link" onClick={() => void refetch()}>
          Try again
        </Button>
      </Said>
    );
  }
  if (!data) return <Waiting>Comparing</Waiting>;
  return (
    <>
      <Said>
        From {sideWords(from)} to {sideWords(to)}: <b>{data.headline}</b>
      </Said>
      {data.text ? <DiffView patch={data.text} sideBySide={wide} /> : null}
    </>
  );
}

export function Said({ children }: { children: ReactNode }) {
  return (
    <p className={styles.about} role="status">
      {children}
    </p>
  );
}
