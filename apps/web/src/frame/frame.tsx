/** What stands around every place: where rules go, the state, the ways, what is not applied yet. */
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { useEdit, useStatus } from "../api/index.ts";
import { Notices } from "../ui/notices.tsx";
import { Arrivals } from "./arrivals.tsx";
import { ChangeBar } from "./change-bar.tsx";
import styles from "./frame.module.css";
import { Nav } from "./nav.tsx";
import { TopBar } from "./top-bar.tsx";
import { TroubleBanner } from "./trouble-banner.tsx";

/** `countdown` owns the top bar while an apply waits for its answer. */
export function Frame({ countdown, children }: { countdown?: ReactNode; children: ReactNode }) {
  const status = useStatus().data;
  const { undoLabel } = useEdit();
  const [location] = useLocation();
  // Review offers no undo, and a notice there would lie over its fields.
  const lastStep = location.startsWith("/review") ? null : undoLabel;
  return (
    <div className={styles.frame}>
      <header className={styles.head}>
        {status?.target.kind === "host" ? (
          <p className={styles.host}>
            <b>HOST</b> Rules act on this machine, {status.machine}
          </p>
        ) : null}
        {countdown}
        <TopBar />
      </header>
      <Nav />
      <main className={styles.place} id="place">
        <TroubleBanner />
        {children}
      </main>
      <ChangeBar />
      <Arrivals />
      <Notices lastStep={lastStep} />
    </div>
  );
}
