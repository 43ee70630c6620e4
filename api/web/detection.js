"use strict";

// What the detector says of a file that nobody signed: an opinion on a scale, measurements beside
// what is usual, and traces that can be looked at. Nothing of it is added up.
const SCALE = { width: 560, height: 62, most: 3 }; // log10 of a likelihood ratio, either way
let looked = null; // { player, trace }: what is marked in the preview

function scaleOf({ log10_lr: ratio, interval: [low, high], sides: [one, other] }) {
  const { width, height, most } = SCALE;
  const at = (value) => width / 2 + (Math.max(-most, Math.min(most, value)) / most) * (width / 2 - 24);
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, "scale");
  svg.append(drawn("line", { x1: 0, x2: width, y1: 16, y2: 16 }, "axis"));
  for (let each = -most; each <= most; each += 1) {
    svg.append(drawn("line", { x1: at(each), x2: at(each), y1: 11, y2: 21 }, each ? "axis" : "middle"));
    svg.append(words(at(each), 40, each ? `${each > 0 ? "" : "1:"}${10 ** Math.abs(each)}` : "says nothing"));
  }
  svg.append(drawn("rect", { x: at(low), width: Math.max(at(high) - at(low), 2), y: 10, height: 12 }, "interval"));
  svg.append(words(0, 57, `← ${other}`, "start"), words(width, 57, `${one} →`, "end"));
  svg.append(drawn("circle", { cx: at(ratio), cy: 16, r: 6 }, "ratio"));
  return svg;
}

function detectionItem(detection) {
  const item = element("li", undefined, "not_checked");
  item.append(element("span", "~", "mark"), element("span", detection.sentence));
  if (detection.interval) item.append(scaleOf(detection));
  if (detection.cues.length) {
    const cues = element("details");
    const list = element("ul");
    list.append(...detection.cues.map((cue) => element("li", cue.sentence, "limit")));
    cues.append(element("summary", "What was measured in it; these weigh nothing"), list);
    item.append(cues);
  }
  return item;
}

function traceItem(trace) {
  const item = element("li", undefined, "not_checked");
  item.append(element("span", "~", "mark"), element("span", trace.sentence));
  item.append(element("span", trace.does_not_show, "limit"));
  if (trace.heat || trace.boxes.length) {
    const button = element("button", "Show where", "look");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => lookAt(trace, button));
    item.append(button);
  }
  for (const seconds of trace.seconds.slice(0, MOST_LISTED)) {
    const button = element("button", span(seconds), "look");
    button.type = "button";
    button.addEventListener("click", () => seekTo(seconds[0]));
    item.append(button);
  }
  return item;
}

function seekTo(seconds) {
  const { player } = looked;
  if (!player || !("currentTime" in player)) return;
  player.currentTime = seconds;
  player.scrollIntoView({ block: "nearest" });
}

function lookAt(trace, button) {
  const isShown = looked.trace === trace;
  for (const each of $("detections").querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", "false");
  looked.trace = isShown ? null : trace;
  button.setAttribute("aria-pressed", String(!isShown));
  drawTrace();
}

function drawTrace() {
  if (!looked || !looked.player || !looked.player.isConnected) return;
  const { player, trace } = looked;
  const pen = canvasOver($("preview"), player); // and so it is clear
  if (!trace) return;
  player.scrollIntoView({ block: "nearest" });
  if (trace.heat) drawHeat(pen, trace.heat, player);
  const across = player.clientWidth / (player.naturalWidth || player.videoWidth || 1);
  const down = player.clientHeight / (player.naturalHeight || player.videoHeight || 1);
  for (const [left, top, width, height] of trace.boxes) {
    for (const [colour, line] of [["#ffffff", 7], ["#cc79a7", 3]]) {
      pen.lineWidth = line;
      pen.strokeStyle = colour;
      pen.strokeRect(left * across, top * down, width * across, height * down);
    }
  }
}

function showDetection(report, player) {
  const said = [report.detection, ...report.further_detections].filter(Boolean);
  looked = { player, trace: null };
  fill("detections", [
    ...said.map(detectionItem), ...report.traces.map(traceItem),
    ...report.not_looked_for.map((sentence) => {
      const item = element("li", undefined, "not_checked");
      item.append(element("span", "·", "mark"), element("span", sentence, "limit"));
      return item;
    }),
  ]);
}

window.addEventListener("resize", drawTrace);
