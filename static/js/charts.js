// Charts: one accent and greys, direct labels, bars from zero. [data-chart] holds JSON:
// {"kind": "bars", "unit": "%", "rows": [{"label", "value", "url"?, "said"?}]}.

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

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

const KINDS = { bars };

function startChart(element) {
  const told = JSON.parse(element.dataset.chart);
  if (told.kind === "bars") element.classList.toggle("chart-tall", told.rows.length > 10);
  const chart = echarts.init(element, null, { renderer: "canvas" });
  const draw = () => chart.setOption(KINDS[told.kind](told), true);
  chart.on("click", ({ data }) => data?.url && location.assign(data.url));
  document.documentElement.addEventListener("themechange", draw);
  new ResizeObserver(() => chart.resize()).observe(element);
  draw();
}

for (const element of document.querySelectorAll("[data-chart]")) startChart(element);
