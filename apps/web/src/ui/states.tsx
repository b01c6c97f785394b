/** Empty, waiting, failed: a place that has nothing to show says why and what to do next. */
import type { ReactNode } from "react";
import styles from "./states.module.css";
import { useLate } from "./use-late.ts";

type StateProps = { title: string; children?: ReactNode; actions?: ReactNode };

/** A sentence in the middle of a place, and its ways on. */
export function PlaceState({ title, children, actions }: StateProps) {
  return (
    <div className={styles.state}>
      <h1 className={styles.title}>{title}</h1>
      {children ? <div className={styles.detail}>{children}</div> : null}
      {actions ? <div className={styles.actions}>{actions}</div> : null}
    </div>
  );
}

/** Nothing for 200 ms, then a word. */
export function Waiting({ children }: { children: ReactNode }) {
  const late = useLate(true);
  return (
    <p className={styles.waiting} role="status">
      {late ? children : null}
    </p>
  );
}

type BannerProps = {
  tone: "error" | "warning";
  children: ReactNode;
  actions?: ReactNode;
};

/** A line across the place that stays until it is answered. */
export function Banner({ tone, children, actions }: BannerProps) {
  return (
    <div className={`${styles.banner} ${styles[tone]}`} role="alert">
      <div>{children}</div>
      {actions}
    </div>
  );
}
