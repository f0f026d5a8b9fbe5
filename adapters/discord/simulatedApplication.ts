import { judgeCommand, refused } from "./simulatedApi.ts";
import type { ApiAnswer } from "./simulatedApi.ts";
import type { ApiCall } from "./simulatedServer.ts";
import { botUser, snowflake } from "./simulatedWorld.ts";
import type { SimulatedBot } from "./simulatedWorld.ts";

/** What Discord tells of the application and its sessions. */
export interface SimulatedStanding {
  interactions_endpoint_url: string | null;
  /** Sessions that may still begin today. */
  remaining: number;
  /** Connections that Discord recommends. */
  shards: number;
}

/** The application behind the bot: what it is, and which slash commands it has. */
export interface SimulatedApplication {
  /** Answers calls about it; a 404 for anything else. */
  answer(call: ApiCall): ApiAnswer;
  /** Names of the slash commands that were registered. */
  commands(): string[];
  configure(changes: Partial<SimulatedStanding>): void;
}

/** `url` is where the gateway will be reached. */
export function simulatedApplication(bot: SimulatedBot, url: () => string): SimulatedApplication {
  const commands = new Set<string>();
  const standing: SimulatedStanding = { interactions_endpoint_url: null, remaining: 999, shards: 1 };

  function createCommand(body: ApiCall["body"]): ApiAnswer {
    const name = judgeCommand(body);
    if (typeof name !== "string") return name;
    commands.add(name);
    return { status: 201, body: { ...body, id: snowflake(), application_id: bot.id } };
  }

  return {
    answer({ method, path, body }) {
      const { remaining, shards, interactions_endpoint_url } = standing;
      const limit = { total: 1000, remaining, reset_after: 86_400_000, max_concurrency: 1 };
      switch (`${method} ${path}`) {
        case "GET /gateway/bot":
          return { status: 200, body: { url: url(), shards, session_start_limit: limit } };
        case "GET /applications/@me":
          return { status: 200, body: { id: bot.id, name: "Demo shop", flags: 0, interactions_endpoint_url } };
        case "GET /users/@me":
          return { status: 200, body: botUser(bot) };
        case `GET /applications/${bot.id}/commands`:
          return { status: 200, body: [...commands].map((name) => ({ id: "1", name, type: 1, description: name })) };
        case `POST /applications/${bot.id}/commands`:
          return createCommand(body);
        default:
          return refused(404, "404: Not Found", 0);
      }
    },
    commands: () => [...commands],
    configure: (changes) => void Object.assign(standing, changes),
  };
}
