/** What the frame shows over the place: one at a time, opened by a button, a key or the palette. */
import { createStore } from "../ui/store.ts";

export type Asking = "discard" | "changes" | "templates" | null;

export const asking = createStore<Asking>(null);
