import { Button } from "./button.tsx";
import { counted } from "./say.ts";
import styles from "./unsaved-notice.module.css";

type UnsavedNoticeProps = {
  errors: number;
  /** What saving does to the draft's version, which somebody changed meanwhile; null when nobody did. */
  meanwhile: "merged" | "replaced" | null;
  goBack: () => void;
};

const SAVING = {
  merged: " The draft's version was changed meanwhile; saving yours keeps that change too.",
  replaced: " The draft's version was changed meanwhile; saving yours replaces it.",
};

/** What stands between a panel and the draft, and the ways on. */
export function UnsavedNotice({ errors, meanwhile, goBack }: UnsavedNoticeProps) {
  return (
    <div className={styles.unsaved} role="status">
      <p>
        <b>Not saved yet.</b> {errors > 0 ? `${counted(errors, "error")} below. ` : ""}
        The draft keeps the last valid version; what you typed stays here.
        {meanwhile ? SAVING[meanwhile] : ""}
      </p>
      <Button small onClick={goBack}>
        {meanwhile ? "Take the draft's version" : "Go back to the saved one"}
      </Button>
    </div>
  );
}
