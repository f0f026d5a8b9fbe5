import { useState } from "react";
import type { JourneyState } from "../../wire.ts";
import { reasonOf } from "./hub.ts";

/** The stories, the button that replays one, and how far it is. */
export function JourneyBar(props: {
  journey: JourneyState;
  isOffline: boolean;
  onReplay: (story: string) => Promise<void>;
}) {
  const { journey, isOffline, onReplay } = props;
  const [chosen, setChosen] = useState<string>();
  const [trouble, setTrouble] = useState<string>();
  const running = journey.state === "running";
  const story = (running ? journey.story : chosen) ?? (journey.story || (journey.stories[0]?.id ?? ""));
  const replay = () => {
    setTrouble(undefined);
    onReplay(story).catch((error: unknown) => setTrouble(reasonOf(error)));
  };
  const note =
    trouble ?? (journey.state === "failed" ? `It ended early: ${journey.error ?? "no reason known"}` : undefined);
  return (
    <div className="journey">
      <div className="journey-note" role="status">
        {note !== undefined ? <span className="journey-trouble">{note}</span> : <span>{journey.caption}</span>}
      </div>
      {running && <progress value={journey.done} max={journey.steps} aria-label="The journey" />}
      {journey.stories.length > 1 && (
        <select
          className="stories"
          aria-label="Story"
          value={story}
          disabled={running}
          onChange={(event) => setChosen(event.target.value)}
        >
          {journey.stories.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
      )}
      <button type="button" className="primary" onClick={replay} disabled={running || isOffline}>
        {running ? `Playing ${Math.min(journey.done + 1, journey.steps)} of ${journey.steps}` : "Replay the journey"}
      </button>
    </div>
  );
}
