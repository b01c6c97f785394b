import { Component, type ReactNode } from "react";
import { Button } from "../ui/button.tsx";
import { PlaceState } from "../ui/states.tsx";

/** How browsers, and the build's own loader, say that a part of the page is not there. */
const NOT_LOADED = /dynamically imported module|module script|preload CSS/i;

type State = { error: Error | null };

/**
 * What stands in place of a part of the page that failed, instead of an empty window: after an upgrade of the server the
 * parts that a tab has not opened yet have other names, and only a reload knows them.
 */
export class Failed extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    const reload = (
      <Button look="primary" onClick={() => location.reload()}>
        Reload the page
      </Button>
    );
    return NOT_LOADED.test(error.message) ? (
      <PlaceState title="This part of the page could not be loaded" actions={reload}>
        The server has another version of the page by now, or does not answer. Edits and the undo list outlast
        a reload.
      </PlaceState>
    ) : (
      <PlaceState title="This part of the page has failed" actions={reload}>
        {error.message}
      </PlaceState>
    );
  }
}
