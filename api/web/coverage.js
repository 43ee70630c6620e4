"use strict";

// What the signature protects of the file's bytes, as a bar. A file of many millions of bytes has
// regions that are thinner than a pixel: each gets one that can be seen, so the bar is not to scale
// there, and the list below it tells the sizes.
const GUARDS = {
  bound: "protected: hashed by the signer",
  signed: "protected: the manifest, signed",
  frame: "the manifest's boxes and padding",
  open: "not protected",
};
const BAR_WIDTH = 720, BAR_HEIGHT = 22, THINNEST = 3; // pixels
const MOST_NAMED = 40;

function bytesOf(count) {
  return `${count.toLocaleString("en")} byte${count === 1 ? "" : "s"}`;
}

function coverageBar({ size, regions }) {
  const runs = []; // neighbours that are guarded alike are drawn as one
  for (const { bytes, guard } of regions) {
    const last = runs[runs.length - 1];
    if (last && last.guard === guard) last.bytes = [last.bytes[0], bytes[1]];
    else runs.push({ bytes, guard });
  }
  const widths = runs.map(({ bytes }) => Math.max(THINNEST, (BAR_WIDTH * (bytes[1] - bytes[0])) / size));
  const scale = BAR_WIDTH / widths.reduce((sum, each) => sum + each, 0);
  const svg = drawn("svg", {
    viewBox: `0 0 ${BAR_WIDTH} ${BAR_HEIGHT}`, width: "100%", height: BAR_HEIGHT,
    preserveAspectRatio: "none", "aria-hidden": "true",
  });
  let x = 0;
  runs.forEach(({ guard }, at) => {
    const width = widths[at] * scale;
    svg.append(drawn("rect", { x, y: 0, width, height: BAR_HEIGHT }, `g-${guard}`));
    x += width;
  });
  return svg;
}

function guardItem(guard, count, size) {
  const item = element("li");
  const share = (100 * count) / size;
  const said = share >= 0.05 ? `${share.toFixed(1)} %` : "under 0.1 %";
  item.append(element("span", undefined, `swatch g-${guard}`),
    element("span", `${GUARDS[guard]}: ${bytesOf(count)}, ${said}`));
  return item;
}

function regionItem({ bytes, guard, what }) {
  const span = `${bytes[0].toLocaleString("en")} to ${(bytes[1] - 1).toLocaleString("en")}`;
  return element("li", `Bytes ${span}: ${what} (${guard}).`);
}

function showCoverage({ coverage }) {
  $("coverage").hidden = !coverage;
  if (!coverage) return;
  const told = Object.keys(GUARDS).filter((guard) => coverage.totals[guard]);
  $("coverage-bar").replaceChildren(coverageBar(coverage));
  fill("coverage-legend", told.map((guard) => guardItem(guard, coverage.totals[guard], coverage.size)));
  const named = coverage.regions.slice(0, MOST_NAMED).map(regionItem);
  const more = coverage.regions.length - named.length;
  if (more > 0) named.push(element("li", `And ${more} more regions, in the report (JSON).`));
  fill("coverage-regions", named);
}
