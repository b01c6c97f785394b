import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useRef } from "react";
import styles from "./side-panel.module.css";

type SidePanelProps = {
  ref?: Ref<HTMLElement>;
  /** "Flow mail"; read out. */
  label: string;
  title: string;
  /** Beside the title. */
  tools?: ReactNode;
  /** What was just made wants its name first. */
  fresh?: boolean;
  close: () => void;
  children: ReactNode;
};

/** One thing of a place, every part of it a field; at the side, on a phone over the whole screen. */
export function SidePanel({ ref, label, title, tools, fresh = false, close, children }: SidePanelProps) {
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (fresh) body.current?.querySelector("input")?.select();
  }, [fresh]);

  // A field is left before the panel goes, so that what was typed counts.
  function pressed(event: KeyboardEvent) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    close();
  }
  return (
    <aside ref={ref} className={styles.panel} aria-label={label} tabIndex={-1} onKeyDown={pressed}>
      <header className={styles.head}>
        <h2 className={styles.title}>{title}</h2>
        {tools ?? <span className={styles.space} />}
        <button type="button" className={styles.close} onClick={close} title="Close; what you changed stays">
          <span className={styles.esc}>Esc</span>
          <span className={styles.done}>Done</span>
        </button>
      </header>
      <div className={styles.body} ref={body}>
        {children}
      </div>
    </aside>
  );
}
