/** What shows the draft: why there is none to show, or a word while it is being read. */
import type { Config } from "@flowmgr/flow-model";
import type { ReactNode } from "react";
import { Button } from "./button.tsx";
import { PlaceState, Waiting } from "./states.tsx";

type OfDraftProps = {
  draft: { config: Config | null | undefined; error: Error | null };
  retry: () => Promise<unknown>;
  children: (config: Config) => ReactNode;
};

export function OfDraft({ draft: { config, error }, retry, children }: OfDraftProps) {
  if (error) {
    return (
      <PlaceState
        title="The draft could not be read"
        actions={<Button onClick={() => void retry()}>Try again</Button>}
      >
        {error.message}
      </PlaceState>
    );
  }
  return config ? children(config) : <Waiting>Reading the draft</Waiting>;
}
