/** True once the server said 401: the sign-in opens over whatever is being typed, which stays. */
import { createStore } from "../ui/store.ts";

export const signedOut = createStore(false);
