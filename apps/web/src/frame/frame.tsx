/** What stands around every place: where rules go, the state, the ways, what is not applied yet. */
import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { useEdit, useStatus, useStore } from "../api/index.ts";
import { ChangesPanel } from "../changes/index.ts";
import { Palette } from "../palette/index.ts";
import { Templates } from "../templates/index.ts";
import { useActions } from "../ui/actions.ts";
import { Notices } from "../ui/notices.tsx";
import { useFrameActions } from "./actions.ts";
import { Arrivals } from "./arrivals.tsx";
import { asking } from "./asking.ts";
import { ChangeBar } from "./change-bar.tsx";
import { DiscardDialog } from "./discard-dialog.tsx";
import styles from "./frame.module.css";
import { Nav } from "./nav.tsx";
import { TopBar } from "./top-bar.tsx";
import { TroubleBanner } from "./trouble-banner.tsx";
import { useTitle } from "./use-title.ts";

type FrameProps = {
  /** Owns the top bar while an apply waits for its answer. */
  countdown?: ReactNode;
  /** Errors of a text that is not in the draft; nothing else can be changed meanwhile. */
  textErrors: number;
  children: ReactNode;
};

export function Frame({ countdown, textErrors, children }: FrameProps) {
  const status = useStatus().data;
  const { undoLabel } = useEdit();
  const [location] = useLocation();
  useTitle(location);
  const place = useRef<HTMLElement>(null);
  const before = useRef(location);
  // Where what led on is gone with the place it stood in, the keyboard goes on in the next one.
  useEffect(() => {
    if (before.current === location) return;
    before.current = location;
    // Between one field and the next the focus is nowhere, too, for a moment.
    const frame = requestAnimationFrame(() => {
      if (document.activeElement === document.body) place.current?.focus();
    });
    return () => cancelAnimationFrame(frame);
  }, [location]);
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
      <main ref={place} className={styles.place} id="place" tabIndex={-1}>
        <TroubleBanner />
        {children}
      </main>
      <ChangeBar />
      <Arrivals />
      <Palette />
      <Over locked={textErrors > 0 ? "The draft is read-only while the text has errors." : null} />
      <Notices lastStep={lastStep} />
    </div>
  );
}

/** What was asked for over the place. `locked`: why nothing can be put into the draft now. */
function Over({ locked }: { locked: string | null }) {
  const what = useStore(asking);
  const close = () => asking.set(null);
  useActions(useFrameActions(), "everywhere");
  switch (what) {
    case "discard":
      return <DiscardDialog close={close} />;
    case "changes":
      return <ChangesPanel close={close} />;
    case "templates":
      return <Templates locked={locked} close={close} />;
    case null:
      return null;
  }
}
