/** Joins the frame, the places and the session; the places do not know each other. */
import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { loadDraft, startEvents } from "./api/index.ts";
import { ExchangeDialogs } from "./exchange/index.ts";
import { FlowsPlace } from "./flows/flows-place.tsx";
import { Failed } from "./frame/failed.tsx";
import { Frame } from "./frame/frame.tsx";
import { CountdownBar } from "./review/countdown-bar.tsx";
import { Session } from "./session/session.tsx";
import { useUnsavedText } from "./text/unsaved.ts";
import { Waiting } from "./ui/states.tsx";
import { whenIdle } from "./ui/when-idle.ts";

// Flows comes with the page; the others, and the editor that Text needs, when they are first opened.
const ListsPlace = lazy(async () => ({ default: (await import("./lists/index.ts")).ListsPlace }));
const loadText = () => import("./text/index.ts");
const TextPlace = lazy(async () => ({ default: (await loadText()).TextPlace }));
const TestPlace = lazy(async () => ({ default: (await import("./packets/index.ts")).TestPlace }));
const ReviewPlace = lazy(async () => ({ default: (await import("./review/index.ts")).ReviewPlace }));
const HistoryPlace = lazy(async () => ({ default: (await import("./history/index.ts")).HistoryPlace }));
const PathsPlace = lazy(async () => ({ default: (await import("./paths/index.ts")).PathsPlace }));
const KernelPlace = lazy(async () => ({ default: (await import("./kernel/index.ts")).KernelPlace }));

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
    // The editor is the largest part, and half of all work is done in it. Whoever opens Text is told if it cannot be had.
    return whenIdle(() => void loadText().catch(() => {}));
  }, []);
  const textErrors = useUnsavedText()?.errors ?? 0;
  const [address] = useLocation();
  const place = address.split("/")[1];
  return (
    <Frame countdown={<CountdownBar />} textErrors={textErrors}>
      <Failed key={place}>
        <Suspense fallback={<Waiting>Opening</Waiting>}>
          <Switch>
            <Route path="/flows/:name?">
              {({ name }) => (
                <FlowsPlace opened={name ? decodeURIComponent(name) : null} textErrors={textErrors} />
              )}
            </Route>
            <Route path="/lists/:name?">
              {({ name }) => (
                <ListsPlace opened={name ? decodeURIComponent(name) : null} textErrors={textErrors} />
              )}
            </Route>
            <Route path="/text">
              <TextPlace />
            </Route>
            <Route path="/test">
              <TestPlace view="packet" textErrors={textErrors} />
            </Route>
            <Route path="/test/search">
              <TestPlace view="search" textErrors={textErrors} />
            </Route>
            <Route path="/test/expectations">
              <TestPlace view="expectations" textErrors={textErrors} />
            </Route>
            <Route path="/expectations">
              <Redirect to="/test/expectations" replace />
            </Route>
            <Route path="/review">
              <ReviewPlace textErrors={textErrors} />
            </Route>
            <Route path="/history/:id?">{({ id }) => <HistoryPlace opened={id ? Number(id) : null} />}</Route>
            <Route path="/paths">
              <PathsPlace />
            </Route>
            <Route path="/kernel">
              <KernelPlace />
            </Route>
            <Route>
              <Redirect to="/flows" replace />
            </Route>
          </Switch>
        </Suspense>
      </Failed>
      <Failed>
        <ExchangeDialogs textErrors={textErrors} />
      </Failed>
    </Frame>
  );
}
