import { useState } from "react";
import { useDraft, useEdit, useOnline } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Banner } from "../ui/states.tsx";
import { useLate } from "../ui/use-late.ts";

/** What keeps edits from the server: somebody was quicker, a refusal, no connection. */
export function TroubleBanner() {
  const { trouble } = useDraft();
  const { reapplyMine, letGo } = useEdit();
  const offline = useLate(!useOnline() || trouble?.kind === "offline", 1500);
  const [failed, setFailed] = useState<string[]>([]);
  if (trouble?.kind === "conflict") {
    const mine = trouble.waiting.map((change) => change.label).join(", ");
    return (
      <Banner
        tone="warning"
        actions={
          <>
            <Button small onClick={() => setFailed(reapplyMine())}>
              Reapply mine
            </Button>
            <Button small look="plain" onClick={letGo}>
              Keep theirs only
            </Button>
          </>
        }
      >
        <b>{trouble.theirs.changedBy} changed the draft first.</b> You see their version. Yours is kept:{" "}
        {mine}.
      </Banner>
    );
  }
  if (trouble?.kind === "refused") {
    return (
      <Banner
        tone="error"
        actions={
          <Button small look="plain" onClick={letGo}>
            Close
          </Button>
        }
      >
        <b>Not saved: {trouble.label}.</b> {trouble.diagnostics[0]?.message ?? trouble.message}{" "}
        {trouble.diagnostics[0]?.help}
      </Banner>
    );
  }
  if (failed.length > 0) {
    return (
      <Banner
        tone="warning"
        actions={
          <Button small look="plain" onClick={() => setFailed([])}>
            Close
          </Button>
        }
      >
        <b>Some of yours could not be done again.</b> {failed.join("; ")}
      </Banner>
    );
  }
  if (!offline) return null;
  return (
    <Banner tone="warning">
      <b>No connection to the server.</b> The rules in the kernel stay in force. What you change here is kept
      and sent when it is back.
    </Banner>
  );
}
