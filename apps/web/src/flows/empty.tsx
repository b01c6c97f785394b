import { asking } from "../frame/asking.ts";
import { Button } from "../ui/button.tsx";
import { PlaceState } from "../ui/states.tsx";

type EmptyProps = { loadExamples: () => void; bring: () => void; add: () => void };

export function Empty({ loadExamples, bring, add }: EmptyProps) {
  return (
    <PlaceState
      title="No flows: every packet goes on untouched"
      actions={
        <>
          <Button look="primary" onClick={loadExamples}>
            Load the five examples
          </Button>
          <Button onClick={() => asking.set("templates")}>New from template</Button>
          <Button onClick={bring}>Import…</Button>
          <Button onClick={add}>New flow</Button>
        </>
      }
    >
      A flow says which packets are let through, dropped, handed to a director or routed by a table. Flows are
      tried in order; nothing reaches the kernel before you review and apply it.
    </PlaceState>
  );
}
