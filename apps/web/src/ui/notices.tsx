/** A line that says what just happened, with a way back; read out, gone after a while. */
import { useEffect } from "react";
import styles from "./notices.module.css";
import { createStore, useStore } from "./store.ts";

export type Notice = {
  text: string;
  /** `undoes`: the step that it takes back; it is offered only while that is the last step. */
  action?: { label: string; run: () => void; undoes: string };
  /** `news`: what somebody else did, which asks for no answer and lies over no row where there is room beside them. */
  tone?: "plain" | "news" | "error";
};

const current = createStore<Notice | null>(null);

/** Long enough to read two lines and reach the button. */
const SHOWN_MS = 8000;

export function notify(notice: Notice): void {
  current.set(notice);
}

/** `lastStep`: what an undo would take back now; null where none is offered. */
export function Notices({ lastStep }: { lastStep: string | null }) {
  const notice = useStore(current);
  const outdated = notice?.action !== undefined && notice.action.undoes !== lastStep;
  useEffect(() => {
    if (!notice || notice.tone === "error") return;
    const timer = setTimeout(() => current.set(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div
      className={styles.place}
      data-news={notice?.tone === "news" || undefined}
      role="status"
      aria-live="polite"
    >
      {notice && !outdated ? (
        <div className={`${styles.notice} ${notice.tone === "error" ? styles.error : ""}`}>
          <span>{notice.text}</span>
          {notice.action ? (
            <button
              type="button"
              onClick={() => {
                notice.action?.run();
                current.set(null);
              }}
            >
              {notice.action.label}
            </button>
          ) : null}
          <button type="button" aria-label="Close this message" onClick={() => current.set(null)}>
            ✕
          </button>
        </div>
      ) : null}
    </div>
  );
}
