import { useEffect, type KeyboardEvent, type ReactNode } from "react";

/** One shown at a time; arrow keys move between the tabs. */
export function Tabs(props: {
  label: string;
  tabs: { id: string; label: string; hue: string | undefined }[];
  chosen: string;
  onChoose: (id: string) => void;
  children: ReactNode;
}) {
  const { label, tabs, chosen, onChoose, children } = props;
  useEffect(() => {
    document.getElementById(domId(chosen))?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ id }) => id === chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs.at(to % tabs.length);
    if (next === undefined) return;
    onChoose(next.id);
    document.getElementById(domId(next.id))?.focus();
  };
  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map(({ id, label: name, hue }) => (
          <button
            key={id}
            id={domId(id)}
            className={`tab ${hue ?? ""}`}
            type="button"
            role="tab"
            aria-selected={id === chosen}
            aria-controls="tabpanel"
            tabIndex={id === chosen ? 0 : -1}
            onClick={() => onChoose(id)}
          >
            {name}
          </button>
        ))}
      </div>
      <div className="tabpanel" id="tabpanel" role="tabpanel" aria-labelledby={domId(chosen)}>
        {children}
      </div>
    </>
  );
}

function domId(id: string): string {
  return `tab-${id.trim()}`;
}
