import { useState } from "react";
import type { JourneyState } from "../../wire.ts";
import { reasonOf } from "./hub.ts";

/** The button that replays Sarah's days, and how far they are. */
export function JourneyBar(props: { journey: JourneyState; isOffline: boolean; onReplay: () => Promise<void> }) {
  const { journey, isOffline, onReplay } = props;
  const [trouble, setTrouble] = useState<string>();
  const running = journey.state === "running";
  const replay = () => {
    setTrouble(undefined);
    onReplay().catch((error: unknown) => setTrouble(reasonOf(error)));
  };
  const note =
    trouble ?? (journey.state === "failed" ? `It ended early: ${journey.error ?? "no reason known"}` : undefined);
  return (
    <div className="journey">
      <div className="journey-note" role="status">
        {note !== undefined ? <span className="journey-trouble">{note}</span> : <span>{journey.caption}</span>}
      </div>
      {running && <progress value={journey.done} max={journey.steps} aria-label="The journey" />}
      <button type="button" className="primary" onClick={replay} disabled={running || isOffline}>
        {running ? `Playing ${Math.min(journey.done + 1, journey.steps)} of ${journey.steps}` : "Replay the journey"}
      </button>
    </div>
  );
}
