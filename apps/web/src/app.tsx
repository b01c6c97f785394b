/** Joins the frame, the places and the session; the places do not know each other. */
import { useEffect } from "react";
import { Redirect, Route, Switch } from "wouter";
import { loadDraft, startEvents } from "./api/index.ts";
import { FlowsPlace } from "./flows/flows-place.tsx";
import { Frame } from "./frame/frame.tsx";
import { HistoryPlace } from "./history/index.ts";
import { CountdownBar, ReviewPlace } from "./review/index.ts";
import { Session } from "./session/session.tsx";
import { TextPlace, useUnsavedText } from "./text/index.ts";

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
  const textErrors = useUnsavedText()?.errors ?? 0;
  return (
    <Frame countdown={<CountdownBar />}>
      <Switch>
        <Route path="/flows/:name?">
          {({ name }) => (
            <FlowsPlace opened={name ? decodeURIComponent(name) : null} textErrors={textErrors} />
          )}
        </Route>
        <Route path="/text">
          <TextPlace />
        </Route>
        <Route path="/review">
          <ReviewPlace textErrors={textErrors} />
        </Route>
        <Route path="/history/:id?">{({ id }) => <HistoryPlace opened={id ? Number(id) : null} />}</Route>
        <Route>
          <Redirect to="/flows" replace />
        </Route>
      </Switch>
    </Frame>
  );
}
