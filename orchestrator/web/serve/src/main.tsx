import {render} from "preact";
import {useEffect, useRef, useState} from "preact/hooks";
import {link, useRoute} from "./hooks";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/run.css";
import "./style/charts.css";
import {applyTheme, readTheme, setTheme, type Theme} from "./theme";
import {CalibrationsView} from "./views/calibrations";
import {RunPage} from "./views/run";
import {RunsView} from "./views/runs";
import {SpendView} from "./views/spend";
import {WorkflowsView} from "./views/workflows";

const sections = [
  {part: "runs", title: "Runs"},
  {part: "spend", title: "Spend"},
  {part: "calibrations", title: "Calibrations"},
  {part: "workflows", title: "Workflows"},
];

function ThemeChoice() {
  const [theme, choose] = useState(readTheme);
  return (
    <label class="theme">
      <span>Colours</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = event.currentTarget.value as Theme;
          choose(chosen);
          setTheme(chosen);
        }}
      >
        <option value="auto">as the system</option>
        <option value="light">light</option>
        <option value="dark">dark</option>
      </select>
    </label>
  );
}

function View({route}: {route: string[]}) {
  const [section = "runs", name] = route;
  if (section === "runs" && name !== undefined) return <RunPage key={name} id={name} />;
  if (section === "runs") return <RunsView />;
  if (section === "spend") return <SpendView />;
  if (section === "calibrations") return <CalibrationsView />;
  if (section === "workflows") return <WorkflowsView name={name ?? null} />;
  return (
    <>
      <h1>Nothing here</h1>
      <p>There is no such page. <a href={link("runs")}>All runs</a></p>
    </>
  );
}

function Page() {
  const route = useRoute();
  const where = route.join("/");
  const before = useRef(where);
  const section = route[0] ?? "runs";
  useEffect(() => {
    const title = sections.find((each) => each.part === section)?.title ?? "Nothing here";
    document.title = `${route[1] ? `${route[1].slice(0, 24)} · ` : ""}${title} · enough`;
    if (before.current === where) return;
    before.current = where;
    // Who reads by ear or by keyboard is taken along to what is new.
    document.getElementById("main")?.focus({preventScroll: true});
    scrollTo(0, 0);
  }, [where]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>Skip to the content</a>
      <header class="top">
        <a class="brand" href={link("runs")}>enough</a>
        <nav aria-label="Main">
          {sections.map(({part, title}) => (
            <a key={part} href={link(part)} aria-current={part === section ? "page" : undefined}>{title}</a>
          ))}
        </nav>
        <ThemeChoice />
      </header>
      <main id="main" tabIndex={-1}>
        <View route={route} />
      </main>
      <footer>
        <a href="https://arxiv.org/abs/2510.08146" rel="noreferrer">What the thresholds mean (arXiv 2510.08146)</a>
      </footer>
    </>
  );
}

applyTheme(readTheme());
const root = document.getElementById("page");
if (root) {
  root.textContent = "";
  render(<Page />, root);
}
