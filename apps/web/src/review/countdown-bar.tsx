/**
 * "Keep these rules?": over every place while an apply waits for its answer, and afterwards, when none came, what
 * became of it. The server alone goes back; this only shows the time that is left and sends the answer.
 */
import type { Status } from "@flowmgr/flow-api";
import { useLayoutEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useOnline, useStatus } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { clock } from "../ui/say.ts";
import styles from "./countdown.module.css";
import { type Answer, useAnswer } from "./use-answer.ts";
import { useSecondsLeft } from "./use-seconds-left.ts";
import { wayIn } from "./way-in.ts";

export function CountdownBar() {
  const { data: status, isError } = useStatus();
  const online = useOnline() && !isError;
  const waiting = status?.unconfirmed ?? null;
  const seconds = useSecondsLeft(waiting);
  return (
    <>
      <p className="visually-hidden" aria-live="polite">
        {waiting ? spoken(waiting.revision, seconds) : ""}
      </p>
      {status && waiting ? (
        <Question
          key={waiting.revision}
          status={status}
          waiting={waiting}
          seconds={seconds}
          online={online}
        />
      ) : null}
      {status?.expired && !waiting ? <Expired expired={status.expired} /> : null}
    </>
  );
}

/** Changes three times in all: each change is read out, and a second is no news. */
function spoken(revision: number, seconds: number): string {
  const left =
    seconds > 30 ? "" : seconds > 10 ? " 30 seconds left." : seconds > 0 ? " 10 seconds left." : "";
  return `Keep these rules? Revision ${revision} is in force until the time runs out.${left}`;
}

type QuestionProps = {
  status: Status;
  waiting: NonNullable<Status["unconfirmed"]>;
  seconds: number;
  online: boolean;
};

function Question({ status, waiting, seconds, online }: QuestionProps) {
  const { answer, sending, trouble } = useAnswer(waiting.revision);
  const known = wayIn(status);
  const onHost = status.target.kind === "host";
  const bar = useTurn();
  // A disabled button would lose the focus, and nobody knew that it was here.
  const idle = { "aria-disabled": sending !== null };
  const send = (what: Answer) => (sending === null ? void answer(what) : undefined);
  return (
    <section ref={bar} tabIndex={-1} className={styles.bar} aria-label="Keep these rules?">
      <p className={styles.question}>
        <b>Keep these rules?</b>
        <span className={styles.seconds} role="timer" aria-label={`${seconds} seconds left`}>
          {seconds} s
        </span>
      </p>
      <p className={styles.words}>
        {online ? (
          <>
            Revision {waiting.revision} by {waiting.author} is in force
            {onHost ? ` on this machine, ${status.machine}` : ""}. Without an answer the old rules come back
            by themselves.
          </>
        ) : (
          unreachable(seconds)
        )}
        {known ? <span className={onHost ? styles.doubt : styles.calm}>{known}</span> : null}
        {trouble ? (
          <span className={styles.trouble} role="alert">
            {trouble}
          </span>
        ) : null}
      </p>
      <div className={styles.answers}>
        <Button {...idle} onClick={() => send("revert")}>
          {sending === "revert" ? "Going back" : "Go back now"}
        </Button>
        <Button look="primary" {...idle} onClick={() => send("confirm")}>
          {sending === "confirm" ? "Keeping" : "Keep"}
        </Button>
      </div>
    </section>
  );
}

/**
 * Whoever has just applied is asked next: from Apply the focus comes here, not on an answer, and the answers are one
 * step on; whoever is at something else is left there. Afterwards it is in the place.
 */
function useTurn() {
  const bar = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const section = bar.current;
    if (document.activeElement?.matches("[data-asks]")) section?.focus();
    return () => {
      if (section?.contains(document.activeElement)) document.getElementById("place")?.focus();
    };
  }, []);
  return bar;
}

function unreachable(seconds: number): string {
  return seconds > 0
    ? `The server does not answer. If these rules cut you off, wait: the old ones come back by themselves in ${seconds} s.`
    : "The server does not answer yet. The time is up, so the old rules come back; this page says so once it reaches the server.";
}

const KEY = "flowmgr.expired-seen";

function Expired({ expired }: { expired: NonNullable<Status["expired"]> }) {
  const [, go] = useLocation();
  const [seen, setSeen] = useState(() => localStorage.getItem(KEY));
  if (seen === expired.at) return null;
  function close(): void {
    localStorage.setItem(KEY, expired.at);
    setSeen(expired.at);
  }
  return (
    <section className={styles.bar} aria-label="The old rules are back">
      <p className={styles.question} role="status">
        <b>The old rules are back.</b>
      </p>
      <p className={styles.words}>
        No answer came for revision {expired.revision}, so it was taken back at {clock(expired.at)}. What you
        tried is still in the draft.
      </p>
      <div className={styles.answers}>
        <Button onClick={close}>Close</Button>
        <Button
          look="primary"
          onClick={() => {
            close();
            go("/review");
          }}
        >
          Review the draft
        </Button>
      </div>
    </section>
  );
}
