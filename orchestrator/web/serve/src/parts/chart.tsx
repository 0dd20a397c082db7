import {useEffect, useRef} from "preact/hooks";
import uPlot from "uplot";
import {useColourVersion} from "../theme";

interface Props {
  /** Made anew when the colours change: it reads them. */
  options: (width: number) => uPlot.Options;
  data: uPlot.AlignedData;
  /** Says in words what is drawn. */
  label: string;
}

/** A chart as wide as its place. */
export function Chart({options, data, label}: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  const colours = useColourVersion();
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new uPlot(options(element.clientWidth || 300), latest.current, element);
    chart.current = made;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({width: element.clientWidth, height: made.height});
    });
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [colours]);
  useEffect(() => chart.current?.setData(data), [data]);
  return <div class="chart" ref={place} role="img" aria-label={label} />;
}
