// Charts: one accent and greys, direct labels, bars from zero. [data-chart] holds JSON:
// {"kind": "bars", "unit": "%", "rows": [{"label", "value", "url"?, "said"?}]} or
// {"kind": "steps", "unit": "%", "rows": [{"label", "points": [[day, value]]}]}: what holds until the next day it changed.

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const LABEL_HEIGHT = 17;

function said(row, unit) {
  return row.said ?? `${row.value}${unit ? ` ${unit}` : ""}`;
}

function base() {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 13, color: colour("text") },
    tooltip: { show: false },
    aria: { enabled: true },
  };
}

function bars({ rows, unit }) {
  const kept = [...rows].reverse();
  return {
    ...base(),
    grid: { left: 8, right: kept.some((row) => row.said) ? 168 : 96, top: 4, bottom: 4, containLabel: true },
    xAxis: { type: "value", min: 0, show: false },
    yAxis: {
      type: "category", data: kept.map((row) => row.label), axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("hairline-strong") } }, axisLabel: { color: colour("text"), fontSize: 13 },
    },
    series: [{
      type: "bar", barMaxWidth: 18, itemStyle: { color: colour("hairline-strong") },
      data: kept.map((row) => ({ value: row.value, url: row.url })),
      label: { show: true, position: "right", color: colour("text"), formatter: ({ dataIndex }) => said(kept[dataIndex], unit) },
    }],
  };
}

// How far below its line's end each label has to stand, so that none lies on another: the highest value first.
function labelShifts(values, plotHeight) {
  const shifts = new Array(values.length);
  let reached = -Infinity;
  for (const place of [...values.keys()].sort((one, other) => values[other] - values[one])) {
    const end = plotHeight * (1 - values[place] / 100);
    reached = Math.max(end, reached + LABEL_HEIGHT);
    shifts[place] = reached - end;
  }
  return shifts;
}

function steps({ rows, unit }, element) {
  const shifts = labelShifts(rows.map((row) => row.points.at(-1)[1]), element.clientHeight - 40);
  return {
    ...base(),
    grid: { left: 8, right: 232, top: 12, bottom: 4, containLabel: true },
    xAxis: {
      type: "time", axisLine: { lineStyle: { color: colour("hairline-strong") } }, splitNumber: 4,
      axisLabel: { color: colour("text-quiet"), hideOverlap: true, formatter: "{yyyy}-{MM}" },
    },
    yAxis: {
      type: "value", min: 0, max: 100, interval: 25, splitLine: { lineStyle: { color: colour("hairline") } },
      axisLabel: { color: colour("text-quiet"), formatter: `{value} ${unit}` },
    },
    series: rows.map((row, place) => {
      const ink = colour(place ? "text-quiet" : "accent");
      return {
        type: "line", step: "end", symbolSize: 5, data: row.points,
        lineStyle: { color: ink, width: place ? 1 : 2 }, itemStyle: { color: ink },
        endLabel: {
          show: true, color: ink, offset: [0, shifts[place]], formatter: `${row.label} ${row.points.at(-1)[1]} ${unit}`,
        },
      };
    }),
  };
}

const KINDS = { bars, steps };

function startChart(element) {
  const told = JSON.parse(element.dataset.chart);
  if (told.kind === "bars") element.classList.toggle("chart-tall", told.rows.length > 10);
  const chart = echarts.init(element, null, { renderer: "canvas" });
  const draw = () => chart.setOption(KINDS[told.kind](told, element), true);
  chart.on("click", ({ data }) => data?.url && location.assign(data.url));
  document.documentElement.addEventListener("themechange", draw);
  new ResizeObserver(() => chart.resize()).observe(element);
  draw();
}

for (const element of document.querySelectorAll("[data-chart]")) startChart(element);
