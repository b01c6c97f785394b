import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Refused } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { signIn } from "./enter.ts";
import styles from "./session.module.css";

/** A token, or the way to a new link. */
export function SignIn() {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const [token, setToken] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (token.trim() === "") return setError("Paste a token first.");
    setBusy(true);
    setError(null);
    try {
      await signIn({ token: token.trim() });
    } catch (failure) {
      const wrong = failure instanceof Refused && (failure.status === 401 || failure.status === 400);
      setError(
        wrong
          ? "This token is not valid. The admin token is in the file admin-token of the data directory."
          : failure instanceof Error
            ? failure.message
            : "Signing in failed.",
      );
      setBusy(false);
    }
  }

  return (
    <form className={styles.form} onSubmit={submit}>
      <label htmlFor={id}>Token</label>
      <input
        ref={field}
        id={id}
        className={styles.token}
        type="password"
        autoComplete="current-password"
        spellCheck={false}
        value={token}
        onChange={(event) => setToken(event.target.value)}
        aria-invalid={error !== null}
        aria-describedby={error ? `${id}-error` : undefined}
      />
      {error ? (
        <p id={`${id}-error`} className={styles.failed} role="alert">
          {error}
        </p>
      ) : null}
      <Button look="primary" type="submit" disabled={busy}>
        Sign in
      </Button>
      <p className={styles.muted}>
        Or open the link that <code>npm start -- login-link</code> prints on the machine; it works once, for
        10 minutes.
      </p>
    </form>
  );
}
