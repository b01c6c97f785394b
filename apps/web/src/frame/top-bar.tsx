import type { Status } from "@flowmgr/flow-api";
import { Link } from "wouter";
import { useOnline, useStatus } from "../api/index.ts";
import { openPalette, PALETTE_KEY } from "../palette/index.ts";
import { IconButton } from "../ui/button.tsx";
import { Menu } from "../ui/menu.tsx";
import { clock, counted } from "../ui/say.ts";
import { setTheme, THEMES, useTheme } from "../ui/theme.ts";
import { useNarrow } from "../ui/use-media.ts";
import { signOut } from "./actions.ts";
import styles from "./frame.module.css";

export function TopBar() {
  const status = useStatus().data;
  const narrow = useNarrow();
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
      <button
        type="button"
        className={narrow ? `${styles.quiet} ${styles.search}` : styles.quiet}
        aria-label={`Command palette, ${PALETTE_KEY}`}
        title={`Everything that can be done (${PALETTE_KEY})`}
        onClick={openPalette}
      >
        {narrow ? <span aria-hidden="true">⌕</span> : <kbd className={styles.key}>{PALETTE_KEY}</kbd>}
      </button>
      {narrow ? <PersonMenu name={status?.you.name} session={status?.you.via === "session"} /> : null}
      {status && !narrow ? <span className={styles.you}>{status.you.name}</span> : null}
      {status?.you.via === "session" && !narrow ? (
        <button type="button" className={styles.quiet} onClick={() => void signOut()}>
          Sign out
        </button>
      ) : null}
      {narrow ? null : <ThemeButton />}
    </div>
  );
}

/** One word for it all, and how many warnings of the machine wait in Kernel; while an apply waits for its answer, the countdown above says how long. */
function State({ status }: { status: Status }) {
  const online = useOnline();
  const narrow = useNarrow();
  const { word, tone } = wordOf(status, online);
  const more = detailOf(status);
  return (
    <span className={styles.state} role="status" title={more ?? undefined}>
      <span className={`${styles.dot} ${styles[tone]}`} aria-hidden="true" />
      {word === "drift" ? (
        <Link href="/kernel?view=drift" className={styles.leads}>
          drift
        </Link>
      ) : (
        <span>{word}</span>
      )}
      {status.warnings.length > 0 ? (
        <Link href="/kernel" className={styles.leads} aria-label={counted(status.warnings.length, "warning")}>
          {narrow ? `▲ ${status.warnings.length}` : counted(status.warnings.length, "warning")}
        </Link>
      ) : null}
      {more ? <span className={styles.more}>{more}</span> : null}
    </span>
  );
}

type Tone = "good" | "wait" | "bad" | "none";

function wordOf(status: Status, online: boolean): { word: string; tone: Tone } {
  if (!online) return { word: "offline", tone: "none" };
  switch (status.state) {
    case "in-sync":
      return { word: "in sync", tone: "good" };
    case "drift":
      return { word: "drift", tone: "wait" };
    case "applying":
      return { word: "applying", tone: "wait" };
    case "unconfirmed":
      return { word: "unconfirmed", tone: "wait" };
    case "error":
      return { word: "error", tone: "bad" };
  }
}

function detailOf(status: Status): string | null {
  if (status.detail) return status.detail;
  if (!status.running) return "nothing applied yet";
  return `revision ${status.running.revision}, ${clock(status.running.at)} by ${status.running.author}`;
}

/** On a phone: who is in, the theme, the way out. */
function PersonMenu({ name, session }: { name: string | undefined; session: boolean }) {
  const theme = useTheme();
  return (
    <Menu
      label={name ? `Signed in as ${name}` : "More"}
      className={styles.person}
      entries={() => [
        ...THEMES.map((one) => ({
          label: `Theme: ${one}`,
          ...(one === theme ? { hint: "now" } : {}),
          run: () => setTheme(one),
        })),
        ...(session ? ["line" as const, { label: `Sign out ${name}`, run: () => void signOut() }] : []),
      ]}
    >
      <span aria-hidden="true">⋯</span>
    </Menu>
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
