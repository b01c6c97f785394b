import { Button } from "./button.tsx";
import { counted } from "./say.ts";
import styles from "./unsaved-notice.module.css";

type UnsavedNoticeProps = { errors: number; changedMeanwhile: boolean; goBack: () => void };

/** What stands between a panel and the draft, and the ways on. */
export function UnsavedNotice({ errors, changedMeanwhile, goBack }: UnsavedNoticeProps) {
  return (
    <div className={styles.unsaved} role="status">
      <p>
        <b>Not saved yet.</b> {errors > 0 ? `${counted(errors, "error")} below. ` : ""}
        The draft keeps the last valid version; what you typed stays here.
        {changedMeanwhile ? " The draft's version was changed meanwhile; saving yours replaces it." : ""}
      </p>
      <Button small onClick={goBack}>
        {changedMeanwhile ? "Take the draft's version" : "Go back to the saved one"}
      </Button>
    </div>
  );
}
