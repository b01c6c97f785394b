/** Joins the frame, the places and the session; the places do not know each other. */
import { useEffect } from "react";
import { Redirect, Route, Switch } from "wouter";
import { loadDraft, startEvents } from "./api/index.ts";
import { FlowsPlace } from "./flows/flows-place.tsx";
import { Frame } from "./frame/frame.tsx";
import { Session } from "./session/session.tsx";

export function App() {
  return (
    <Session>
      <Places />
    </Session>
  );
}

function Places() {
  useEffect(() => {
    startEvents();
    void loadDraft();
  }, []);
  return (
    <Frame>
      <Switch>
        <Route path="/flows/:name?">
          {({ name }) => <FlowsPlace opened={name ? decodeURIComponent(name) : null} />}
        </Route>
        <Route>
          <Redirect to="/flows" replace />
        </Route>
      </Switch>
    </Frame>
  );
}
