/** Calls that take a config and keep nothing. */
import { configSchema } from "@flowmgr/flow-model";
import { z } from "zod";

/** `POST /format`: canonical text, and the same as JSON. */
export const formatSchema = z.object({ text: z.string(), config: configSchema });
