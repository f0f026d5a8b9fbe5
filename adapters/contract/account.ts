/** Something that is wrong with an account, or will be. */
export interface Finding {
  /** Stable, for programs: `token_dead`, `webhook_elsewhere`, `quality_low`, … */
  code: string;
  /** `problem`: messages don't come or go. `warning`: they still do. */
  level: "warning" | "problem";
  /** For staff: what is wrong and what to do. No customer's words, names or addresses. */
  detail: string;
}

/** An approved message with places for variables. */
export interface MessageTemplate {
  name: string;
  /** As the provider writes it: `en_US`. */
  language: string;
  /** Only these may be sent: `approved`. */
  status: "approved" | "pending" | "rejected" | "paused";
  /** `marketing`, `utility`, `authentication`, as the provider names it, in lower case. */
  category?: string;
  /** What the customer will read, variables as `{{name}}`. */
  text: string;
  /** The names of the variables, in the order of their places. */
  variables: string[];
}
