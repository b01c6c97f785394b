/** True once the server said 401: the sign-in opens over whatever is being typed, which stays. */
import { createStore } from "./store.ts";

export const signedOut = createStore(false);
