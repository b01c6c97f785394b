/**
 * Who is in. A sign-in link brings a one-time code in the fragment, which no server log ever sees; it is erased
 * from the address before it is exchanged. When a session ends meanwhile, the sign-in opens over the page.
 */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { signedOut, useStatus, useStore } from "../api/index.ts";
import { Waiting } from "../ui/states.tsx";
import { useModal } from "../ui/use-modal.ts";
import { signIn } from "./enter.ts";
import styles from "./session.module.css";
import { SignIn } from "./sign-in.tsx";

/** The code of the sign-in link that the page was opened by; read once, before anything is drawn. */
const linkCode = takeCode();

/** The code of a sign-in link, taken out of the address. */
function takeCode(): string | null {
  const fragment = location.hash.replace(/^#/, "");
  const code = new URLSearchParams(fragment).get("code");
  if (code !== null) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

export function Session({ children }: { children: ReactNode }) {
  const [exchanging, setExchanging] = useState(linkCode !== null);
  const [codeFailed, setCodeFailed] = useState(false);
  const begun = useRef(false);
  useEffect(() => {
    function exchange(code: string) {
      setExchanging(true);
      signIn({ code })
        .then(() => setCodeFailed(false))
        .catch(() => setCodeFailed(true))
        .finally(() => setExchanging(false));
    }
    if (linkCode !== null && !begun.current) exchange(linkCode);
    begun.current = true;
    // A link that is pasted into the address of a page that is open only changes the fragment.
    function pasted() {
      const code = takeCode();
      if (code !== null) exchange(code);
    }
    window.addEventListener("hashchange", pasted);
    return () => window.removeEventListener("hashchange", pasted);
  }, []);
  if (exchanging) return <Waiting>Signing in</Waiting>;
  return <Known codeFailed={codeFailed}>{children}</Known>;
}

function Known({ codeFailed, children }: { codeFailed: boolean; children: ReactNode }) {
  const status = useStatus();
  const out = useStore(signedOut);
  const [entered, setEntered] = useState(false);
  useEffect(() => {
    if (status.data && !out) setEntered(true);
  }, [status.data, out]);
  if (entered) {
    return (
      <>
        {children}
        {out ? <SignInAgain /> : null}
      </>
    );
  }
  if (out) return <SignInPage codeFailed={codeFailed} />;
  if (status.error) return <Unanswered again={() => void status.refetch()} />;
  return <Waiting>Asking the server</Waiting>;
}

function SignInPage({ codeFailed }: { codeFailed: boolean }) {
  return (
    <main className={styles.page}>
      <h1 className={styles.title}>Sign in</h1>
      {codeFailed ? (
        <p className={styles.failed}>
          The sign-in link was used already or is older than 10 minutes. Print another one with the command
          below, or sign in with a token.
        </p>
      ) : null}
      <SignIn />
    </main>
  );
}

function SignInAgain() {
  const dialog = useModal();
  return (
    <dialog
      ref={dialog}
      className={styles.again}
      aria-labelledby="again-title"
      onCancel={(event) => event.preventDefault()}
    >
      <h1 id="again-title" className={styles.title}>
        Your session has ended
      </h1>
      <p className={styles.muted}>Sign in again; nothing that you typed is lost.</p>
      <SignIn />
    </dialog>
  );
}

function Unanswered({ again }: { again: () => void }) {
  return (
    <main className={styles.page}>
      <h1 className={styles.title}>The server does not answer</h1>
      <p className={styles.muted}>
        The rules in the kernel stay in force without it. See whether it runs, and whether this address is
        still its own.
      </p>
      <button type="button" className={styles["again-button"]} onClick={again}>
        Try again
      </button>
    </main>
  );
}
