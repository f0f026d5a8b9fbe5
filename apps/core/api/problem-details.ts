import { z } from "zod";

/** The body of every answer that is not a success: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457 */
export const problemDetails = z
  .object({
    type: z.string().meta({ description: "Stable, for programs", examples: ["urn:throughline:problem:invalid"] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong and what to do" }),
    field: z
      .string()
      .optional()
      .meta({ description: "The (first) field that is wrong", examples: ["settings.appSecret"] }),
    errors: z
      .array(z.object({ field: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: "Every field that is wrong" }),
    incident: z.string().optional().meta({ description: "With status 500: what to look for in the hub's log" }),
  })
  .meta({ id: "Problem" });

/** See {@link problemDetails}. */
export type ProblemBody = z.infer<typeof problemDetails>;

/** The media type of a {@link ProblemBody}. */
export const PROBLEM_TYPE = "application/problem+json";
