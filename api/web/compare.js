"use strict";

// What a comparison says, shown: boxes over the file, and a time line that the player follows.
// Nothing of the recorded original is here but what the file has in common with it.
const SVG = "http://www.w3.org/2000/svg";
const KINDS = {
  same: "as in the original", slowed: "slowed", "sped-up": "sped up",
  inserted: "not from the original", repeated: "repeated", frozen: "stands still",
  reversed: "backwards", replaced: "other sound", absent: "muted",
  unclear: "cannot be told",
};
const FOREIGN = ["inserted", "replaced", "absent"];
const REGIONS = { changed: "#d55e00", added: "#0072b2", colour: "#009e73" };
const BAR = 44, BETWEEN = 84, RULER = 22, LANE = 18; // pixels
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]; // seconds between ticks
const MOST_LISTED = 60;
let compared = null; // { comparison, player, own }
let ownAddress = null;

function moment(seconds, digits = 0) {
  const all = Math.round(Math.max(seconds, 0) * 10 ** digits) / 10 ** digits;
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  const rest = (all % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function span([start, end]) {
  const digits = end - start < 10 && [start, end].some((t) => Math.abs(t - Math.round(t)) > 0.05);
  const [first, last] = [start, end].map((time) => moment(time, digits ? 1 : 0));
  return first === last ? first : `${first}–${last}`;
}

function pace(segment) {
  const moves = ["slowed", "sped-up"].includes(segment.kind) && segment.rate;
  return moves ? `${Math.round(segment.rate * 100)} % speed` : KINDS[segment.kind];
}

function lengths() {
  const { comparison, player, own } = compared;
  const segments = timeMap();
  const seen = Math.max(0, ...segments.map((each) => each.suspect[1]));
  const known = [...segments.map((each) => each.original), ...missing()].filter(Boolean);
  const told = (media) => (media && Number.isFinite(media.duration) ? media.duration : 0);
  return {
    suspect: Math.max(seen, told(player)) || 1,
    original: Math.max(0, ...known.map((each) => each[1]), told(own)) || 1,
    comparison,
  };
}

function timeMap() {
  const { time_map: shown, sound } = compared.comparison;
  return shown.length ? shown : sound;
}

function missing() {
  const { time_map: shown, removed, sound_removed: unheard } = compared.comparison;
  return shown.length ? removed : unheard;
}

function drawn(name, values, className) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
  if (className) made.setAttribute("class", className);
  return made;
}

function words(x, y, text, anchor = "middle") {
  const made = drawn("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

function hatching() {
  const pattern = drawn("pattern", {
    id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse",
    patternTransform: "rotate(45)",
  });
  pattern.append(drawn("rect", { width: 3, height: 8 }, "hatch"));
  const defs = drawn("defs", {});
  defs.append(pattern);
  return defs;
}

function band(segment, scale, top, bottom) {
  let [left, right] = segment.original.map((t) => t * scale);
  if (segment.kind === "reversed") [left, right] = [right, left];
  const [start, end] = segment.suspect.map((t) => t * scale);
  const middle = (top + bottom) / 2;
  const path = `M${left} ${top}C${left} ${middle} ${start} ${middle} ${start} ${bottom}` +
    `L${end} ${bottom}C${end} ${middle} ${right} ${middle} ${right} ${top}Z`;
  return drawn("path", { d: path }, `band k-${segment.kind}`);
}

function ruler(svg, seconds, scale, edge, away) {
  const step = STEPS.find((each) => each * scale >= 64) || 3600;
  for (let at = 0; at <= seconds; at += step) {
    const x = at * scale;
    svg.append(drawn("line", { x1: x, x2: x, y1: edge, y2: edge + away * 5 }, "tick"));
    svg.append(words(x, edge + away * 7 + (away > 0 ? 10 : -1), moment(at), at ? "middle" : "start"));
  }
}

function stretch(segment, scale, top, height) {
  const [start, end] = segment.suspect;
  const box = { x: start * scale, y: top, width: Math.max((end - start) * scale - 1, 1), height };
  const group = drawn("g", {}, "stretch");
  group.append(drawn("rect", box, `k-${segment.kind}`));
  if (FOREIGN.includes(segment.kind) || segment.source) {
    group.append(drawn("rect", { ...box, fill: "url(#hatch)" }));
  }
  const title = drawn("title", {});
  title.textContent = `${span(segment.suspect)}: ${pace(segment)}`;
  group.append(title);
  group.addEventListener("click", () => goTo(start));
  return group;
}

// The whole line, drawn anew whenever it has another width.
function drawTime() {
  const width = $("timeline").clientWidth;
  const segments = timeMap();
  if (!width || !segments.length) return;
  const { suspect, original } = lengths();
  const scale = (width - 2) / Math.max(suspect, original);
  const sound = compared.comparison.time_map.length ? compared.comparison.sound : [];
  const [above, below] = [RULER, RULER + BAR + BETWEEN];
  const foot = below + BAR + (sound.length ? LANE + 4 : 0);
  const svg = drawn("svg", { width, height: foot + RULER, role: "img", "aria-labelledby": "difference" });
  svg.append(hatching());
  svg.append(drawn("rect", { y: above, width: original * scale, height: BAR }, "bar"));
  const ordered = [...segments].sort((a, b) => (b.kind === "same") - (a.kind === "same"));
  for (const each of ordered) {
    const isShown = each.original && each.rate !== null && !each.source;
    if (isShown) svg.append(band(each, scale, above + BAR, below));
  }
  for (const [start, end] of missing()) {
    const box = { x: start * scale, y: above, width: Math.max((end - start) * scale, 2), height: BAR };
    svg.append(drawn("rect", box, "missing"), drawn("rect", { ...box, fill: "url(#hatch)" }));
  }
  for (const each of segments) svg.append(stretch(each, scale, below, BAR));
  for (const each of sound) svg.append(stretch(each, scale, below + BAR + 4, LANE));
  if (sound.length) svg.append(words(4, below + BAR + LANE - 1, "its sound", "start"));
  ruler(svg, original, scale, above, -1);
  ruler(svg, suspect, scale, foot, 1);
  svg.append(words(4, above + BAR - 6, "original", "start"), words(4, below + BAR - 6, "this file", "start"));
  svg.append(drawn("path", { id: "playhead", d: "" }, "playhead"));
  $("timeline").replaceChildren(svg);
  compared.draw = { scale, above, below };
  follow();
}

function segmentAt(time) {
  return timeMap().find(({ suspect: [start, end] }) => start <= time && time < end);
}

function originalAt(time) {
  const each = segmentAt(time);
  if (!each || !each.original || each.rate === null || each.source) return null;
  const share = (time - each.suspect[0]) / Math.max(each.suspect[1] - each.suspect[0], 1e-9);
  const [first, last] = each.original;
  return each.rate < 0 ? last - share * (last - first) : first + share * (last - first);
}

// Lead the playhead, the boxes and the user's own copy to where the player is.
function follow() {
  if (!compared) return;
  const { player, own, draw } = compared;
  const time = player && "currentTime" in player ? player.currentTime : 0;
  const then = originalAt(time);
  if (draw && $("playhead")) {
    const x = time * draw.scale;
    let path = `M${x} ${draw.below}V${draw.below + BAR}`;
    if (then !== null) {
      const [at, middle] = [then * draw.scale, draw.above + BAR + BETWEEN / 2];
      path += `M${x} ${draw.below}C${x} ${middle} ${at} ${middle} ${at} ${draw.above + BAR}V${draw.above}`;
    }
    $("playhead").setAttribute("d", path);
  }
  if (own && "currentTime" in own && player.paused && then !== null) own.currentTime = then;
  drawMarks(time);
}

function goTo(seconds) {
  const { player } = compared;
  if (player && "currentTime" in player) {
    player.currentTime = seconds + 0.01;
    player.scrollIntoView({ block: "nearest" });
  }
}

function canvasOver(holder, media) {
  let canvas = holder.querySelector("canvas");
  if (!canvas) {
    canvas = element("canvas");
    canvas.setAttribute("aria-hidden", "true"); // the sentence says it
    holder.append(canvas);
  }
  const ratio = window.devicePixelRatio || 1;
  canvas.width = media.clientWidth * ratio;
  canvas.height = media.clientHeight * ratio;
  canvas.style.width = `${media.clientWidth}px`;
  canvas.style.height = `${media.clientHeight}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

// Boxes over what differs, in the pixels of the picture as it is displayed.
function drawMarks(time) {
  const { player, own, comparison } = compared;
  const size = player && [player.naturalWidth || player.videoWidth, player.naturalHeight || player.videoHeight];
  if (!size || !size[0] || !player.isConnected) return;
  const pen = canvasOver($("preview"), player);
  if (comparison.heat && $("heats").checked) drawHeat(pen, comparison.heat, player);
  const regions = comparison.regions.filter(
    (each) => !each.time || (each.time[0] <= time && time <= each.time[1]));
  const [across, down] = [player.clientWidth / size[0], player.clientHeight / size[1]];
  if ($("marks").checked) {
    for (const { box: [left, top, width, height], kind } of regions) {
      const place = [left * across, top * down, width * across, height * down];
      for (const [colour, line] of [["#ffffff", 7], [REGIONS[kind], 3]]) {
        pen.lineWidth = line;
        pen.strokeStyle = colour;
        pen.strokeRect(...place);
      }
    }
  }
  if (own && own.isConnected && comparison.geometry && own.clientWidth) drawCrop(own, comparison.geometry);
}

// From yellow through red to nearly black, the more the darker; clear where nothing differs.
function warmth(level) {
  const stops = [[0, 255, 255, 178], [102, 253, 141, 60], [191, 189, 0, 38], [255, 70, 0, 20]];
  const at = stops.findIndex((stop) => level <= stop[0]) || 1;
  const share = (level - stops[at - 1][0]) / (stops[at][0] - stops[at - 1][0]);
  const colour = [1, 2, 3].map((i) => stops[at - 1][i] + share * (stops[at][i] - stops[at - 1][i]));
  return [...colour, Math.min(215, 3.2 * Math.max(level - 24, 0))];
}

function drawHeat(pen, { width, height, levels }, media) {
  const image = new ImageData(width, height);
  [...atob(levels)].forEach((level, at) => image.data.set(warmth(level.charCodeAt(0)), 4 * at));
  const map = element("canvas");
  [map.width, map.height] = [width, height];
  map.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(map, 0, 0, media.clientWidth, media.clientHeight);
}

// What the file leaves out of the original, darkened in the user's own copy of it.
function drawCrop(own, { crop: [left, top, right, bottom] }) {
  const pen = canvasOver($("own"), own);
  if (left <= 0 && top <= 0 && right >= 1 && bottom >= 1) return;
  const [width, height] = [own.clientWidth, own.clientHeight];
  const kept = [left * width, top * height, (right - left) * width, (bottom - top) * height];
  pen.fillStyle = "rgba(0, 0, 0, .65)";
  pen.fillRect(0, 0, width, height);
  pen.clearRect(...kept);
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 3;
  pen.strokeRect(...kept);
}

// A stretch that runs as in the original, but not where it does there.
function isMoved(segment, before) {
  return segment.kind === "same" && Boolean(segment.source || before.some(
    (each) => each.original && each.original[1] > segment.original[0] + 0.1));
}

// Sound that does not just follow the picture.
function isOwnSound(segment) {
  const near = (one, other) => one.every((time, place) => Math.abs(time - other[place]) <= 0.5);
  return segment.kind !== "same" && !timeMap().some(
    (each) => each.kind === segment.kind && near(each.suspect, segment.suspect));
}

function segmentItem(segment, track = "") {
  const item = element("li");
  const button = element("button", undefined, "segment");
  button.type = "button";
  button.append(element("span", "", `swatch k-${segment.kind}`));
  const instead = FOREIGN.includes(segment.kind) ? "instead of " : "";
  const where = segment.source ? " (another original)" :
    segment.original ? ` (${instead}${span(segment.original)} of the original)` : "";
  const what = segment.kind === "same" ? "out of order" : pace(segment); // the rest is not listed
  button.append(`${track}${span(segment.suspect)} ${what}${where}`);
  button.addEventListener("click", () => goTo(segment.suspect[0]));
  item.append(button);
  return item;
}

function legendItem([kind, text]) {
  const item = element("li", undefined, "kind");
  item.append(element("span", "", `swatch k-${kind}`), text);
  return item;
}

function showComparison(report, player) {
  const { comparison } = report;
  compared = comparison ? { comparison, player, own: null } : null;
  showOwn(null);
  $("compared").hidden = !comparison;
  if (!comparison) return;
  $("difference").textContent = comparison.sentence;
  $("difference").hidden = report.conclusion.sentence.includes(comparison.sentence.slice(1));
  const [finding] = report.findings.filter((each) => each.step === "comparison");
  $("compared-limit").textContent = finding ? `It does not show ${finding.does_not_show}.` : "";
  const segments = timeMap();
  $("time").hidden = !segments.length;
  $("mark").hidden = !comparison.regions.length;
  $("heat").hidden = !comparison.heat;
  const kinds = new Set([...segments, ...comparison.sound].map((each) => each.kind));
  const legend = Object.entries(KINDS).filter(([kind]) => kinds.has(kind));
  if (missing().length) legend.push(["missing", "missing from this file"]);
  fill("legend", legend.map(legendItem));
  const odd = segments.filter(
    (each, place) => each.kind !== "same" || isMoved(each, segments.slice(0, place)));
  const heard = segments === comparison.sound ? [] : comparison.sound.filter(isOwnSound);
  const items = [...odd.map((each) => segmentItem(each)), ...heard.map((each) => segmentItem(each, "Sound "))];
  fill("segments", items.slice(0, MOST_LISTED));
  $("timeline").replaceChildren();
  drawTime();
  if (!player) return;
  for (const name of ["load", "loadedmetadata"]) player.addEventListener(name, redraw);
  for (const name of ["timeupdate", "seeked"]) player.addEventListener(name, follow);
}

function showOwn(file) {
  if (ownAddress) URL.revokeObjectURL(ownAddress);
  ownAddress = file && URL.createObjectURL(file);
  const made = file && shownFile(file, "", ownAddress, "Your copy of the original");
  fill("own", made ? [made] : []);
  $("own-side").hidden = !made;
  $("sides").classList.toggle("two", Boolean(made));
  if (!compared) return;
  compared.own = made;
  if (made) for (const name of ["load", "loadedmetadata"]) made.addEventListener(name, redraw);
  redraw();
}

function redraw() {
  if (!compared) return;
  drawTime();
  follow();
}

$("own-file").addEventListener("change", () => showOwn($("own-file").files[0] || null));
for (const name of ["marks", "heats"]) $(name).addEventListener("change", redraw);
window.addEventListener("resize", redraw);
