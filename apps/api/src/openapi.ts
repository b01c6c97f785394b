/** The OpenAPI document, made from the zod schemas of the routes; `/openapi.json` and `/docs`. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { diagnosticSchema, problemSchema } from "@flowmgr/flow-api";
import {
  CONDITION_KINDS,
  configSchema,
  expectSchema,
  flowSchema,
  itemSchema,
  listSchema,
  ruleSchema,
} from "@flowmgr/flow-model";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { VERSION } from "./version.ts";

/** Schemas that stand once, under these names, in `components`. */
const named = z.registry<{ id?: string }>();
named.add(configSchema, { id: "Config" });
named.add(itemSchema, { id: "Item" });
named.add(diagnosticSchema, { id: "Diagnostic" });
named.add(problemSchema, { id: "Problem" });

/**
 * A schema that transforms says nothing about what it gives. These say it: the long form, which is all that we ever
 * answer.
 */
const longForm = (() => {
  const condition = z.object({ not: z.boolean(), values: z.array(z.string()) });
  const conditions = z.object(
    Object.fromEntries(CONDITION_KINDS.map((kind) => [kind, condition.optional()])),
  );
  const rule = ruleSchema.extend({ conditions });
  const flow = flowSchema.extend({ skipped: z.boolean(), rules: z.array(rule) });
  const item = z.discriminatedUnion("kind", [flow, listSchema, expectSchema.extend({ conditions })]);
  const config = z.object({ items: z.array(item), comment: z.array(z.string()) });
  return new Map<unknown, z.ZodType>([
    [configSchema, config],
    [itemSchema, item],
  ]);
})();

type Override = { zodSchema: unknown; jsonSchema: object };

function describeLongForm({ zodSchema, jsonSchema }: Override): void {
  const long = longForm.get(zodSchema);
  // Only the output side of a transform comes out empty; the input side knows its short forms.
  if (!long || ["type", "oneOf", "anyOf"].some((key) => key in jsonSchema)) return;
  const { $schema: _, ...described } = z.toJSONSchema(long);
  Object.assign(jsonSchema, described);
}

const options = { schemaRegistry: named, zodToJsonConfig: { override: describeLongForm } };
const transform = createJsonSchemaTransform(options);

/** Every call may answer a problem; none has to say so. */
const problems = {
  default: {
    description: "A problem document",
    content: { "application/problem+json": { schema: problemSchema } },
  },
};

type Transform = typeof transform;

/** As the provider's, but it knows bodies of several content types, and the problems. */
const describeRoute: Transform = (route) => {
  if (!route.schema) return transform(route);
  const { body, response, ...rest } = route.schema;
  const responses = typeof response === "object" && response !== null ? response : {};
  const described = transform({ ...route, schema: { ...rest, response: { ...responses, ...problems } } });
  if (body === undefined) return described;
  const types = contentOf(body);
  if (!types)
    return transform({ ...route, schema: { ...route.schema, response: { ...responses, ...problems } } });
  const content = Object.fromEntries(
    Object.entries(types).map(([type, { schema }]) => [
      type,
      { schema: transform({ ...route, schema: { body: schema } }).schema.body },
    ]),
  );
  return { ...described, schema: { ...described.schema, body: { content } } };
};

function contentOf(body: unknown): Record<string, { schema: unknown }> | null {
  if (typeof body !== "object" || body === null || !("content" in body)) return null;
  const read = z.record(z.string(), z.object({ schema: z.unknown() })).safeParse(body.content);
  return read.success ? read.data : null;
}

/** Everything from us. The plugin's own policy allows other hosts and asks for https, which plain http cannot give. */
const DOCS_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'";

/** Before the routes: it listens to their registration. */
export async function registerOpenapi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "flowmgr",
        version: VERSION,
        description:
          "Flows that steer packets on a Linux load balancer. Everything that the page can do is here. " +
          "A write to the draft needs If-Match with its ETag; errors are RFC 9457 problem documents. " +
          "Plan, apply and PUT /config say in Server-Timing how many milliseconds each step took.",
        license: { name: "MIT", identifier: "MIT" },
      },
      components: {
        securitySchemes: {
          token: {
            type: "http",
            scheme: "bearer",
            description: "For scripts; the first one is in DATA/admin-token",
          },
          session: { type: "apiKey", in: "cookie", name: "flowmgr_PORT", description: "For the page" },
        },
      },
      security: [{ token: [] }, { session: [] }],
    },
    transform: describeRoute,
    transformObject: createJsonSchemaTransformObject(options),
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: DOCS_POLICY,
    // Without this the page asks a server on the internet whether our description is valid.
    uiConfig: { validatorUrl: null },
  });
  let text: string | null = null;
  app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    return reply.type("application/json; charset=utf-8").send(text);
  });
}
