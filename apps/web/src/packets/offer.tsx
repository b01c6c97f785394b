import { type Action, perform } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";

/** The button of an action; where it cannot be done, it says why. */
export function Offer({ action }: { action: Action }) {
  return (
    <Button
      aria-disabled={action.disabled !== null || undefined}
      title={action.disabled ?? undefined}
      onClick={() => perform(action)}
    >
      {action.label}
    </Button>
  );
}
