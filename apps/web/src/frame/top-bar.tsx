import type { Status } from "@flowmgr/flow-api";
import { useEffect, useState } from "react";
import { call, queryClient, signedOut, useOnline, useStatus } from "../api/index.ts";
import { IconButton } from "../ui/button.tsx";
import { setTheme, THEMES, useTheme } from "../ui/theme.ts";
import styles from "./frame.module.css";

export function TopBar() {
  const status = useStatus().data;
  return (
    <div className={styles.top}>
      {status ? (
        <>
          <b className={styles.machine}>{status.machine}</b>
          {status.target.kind === "namespace" ? (
            <span className={styles.target}>
              <span className={styles.wide}>private </span>namespace <b>{status.target.namespace}</b>
            </span>
          ) : null}
          <State status={status} />
        </>
      ) : null}
      <span className={styles.space} />
      {status ? <span className={styles.you}>{status.you.name}</span> : null}
      {status?.you.via === "session" ? <SignOut /> : null}
      <ThemeButton />
    </div>
  );
}

function State({ status }: { status: Status }) {
  const online = useOnline();
  const seconds = useSecondsLeft(status.unconfirmed?.deadline ?? null);
  const { word, tone } = wordOf(status, online, seconds);
  const more = detailOf(status);
  return (
    <span className={styles.state} role="status" title={more ?? undefined}>
      <span className={`${styles.dot} ${styles[tone]}`} aria-hidden="true" />
      <span>{word}</span>
      {more ? <span className={styles.more}>{more}</span> : null}
    </span>
  );
}

type Tone = "good" | "wait" | "bad" | "none";

function wordOf(status: Status, online: boolean, seconds: number): { word: string; tone: Tone } {
  if (!online) return { word: "offline", tone: "none" };
  switch (status.state) {
    case "in-sync":
      return { word: "in sync", tone: "good" };
    case "drift":
      return { word: "drift", tone: "wait" };
    case "applying":
      return { word: "applying", tone: "wait" };
    case "unconfirmed":
      return { word: `unconfirmed, ${seconds} s left`, tone: "wait" };
    case "error":
      return { word: "error", tone: "bad" };
  }
}

function detailOf(status: Status): string | null {
  if (status.detail) return status.detail;
  if (!status.running) return "nothing applied yet";
  const time = new Date(status.running.at).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
  });
  return `revision ${status.running.revision}, ${time} by ${status.running.author}`;
}

/** Whole seconds until `deadline`, counted down; 0 without one. */
export function useSecondsLeft(deadline: string | null): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (deadline === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [deadline]);
  return deadline === null ? 0 : Math.max(0, Math.ceil((Date.parse(deadline) - now) / 1000));
}

function SignOut() {
  async function leave() {
    await call("/session", { method: "DELETE" }).catch(() => null);
    queryClient.clear();
    signedOut.set(true);
    location.assign("/");
  }
  return (
    <button type="button" className={styles.quiet} onClick={() => void leave()}>
      Sign out
    </button>
  );
}

const THEME_SIGNS = { auto: "◐", light: "○", dark: "●" } as const;

function ThemeButton() {
  const theme = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  return (
    <IconButton label={`Theme: ${theme}. Change to ${next}`} onClick={() => setTheme(next)}>
      <span aria-hidden="true">{THEME_SIGNS[theme]}</span>
    </IconButton>
  );
}
