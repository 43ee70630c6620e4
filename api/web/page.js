"use strict";

// Everything that came from a file is set as text, never as markup.
const $ = (id) => document.getElementById(id);
const MARKS = { passed: "✓", failed: "✗", absent: "–", unreadable: "?", not_checked: "·" };
const OUTCOMES = {
  passed: "passed", failed: "failed", absent: "absent", unreadable: "unreadable",
  not_checked: "not checked",
};
const PANELS = {
  integrity: ["manifest", "hard-binding", "coverage", "second-opinion", "record", "record-content", "inclusion"],
  origin: ["claim-signature", "ingredients", "unreferenced", "time", "revocation", "claimed-time", "identity", "history", "custody-chain", "context"],
  content: ["comparison", "detection"],
};
let current = null; // the request whose answer is awaited: a newer file takes its place
let preview = null;
let chosen = null; // the file that the page is about
let download = null;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function findingItem(finding) {
  const item = element("li", undefined, finding.outcome);
  const mark = element("span", MARKS[finding.outcome], "mark");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", OUTCOMES[finding.outcome]);
  item.append(mark, element("span", finding.sentence));
  if (finding.does_not_show) {
    item.append(element("span", `It does not show ${finding.does_not_show}.`, "limit"));
  }
  if (finding.settles) item.append(element("span", `To settle it, ${finding.settles}.`, "settles"));
  return item;
}

function linkItem(link) {
  const item = element("li", undefined, link.outcome);
  const mark = element("span", MARKS[link.outcome], "mark");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", OUTCOMES[link.outcome]);
  item.append(mark, element("span", link.sentence));
  if (link.codes.length) item.append(element("span", link.codes.join(", "), "limit"));
  return item;
}

function matchItem(match) {
  const item = element("li", undefined, "passed");
  const how = {
    exact: "The same bytes as", manifest: "The same manifest as",
    fingerprint: "It looks or sounds like",
  }[match.kind];
  const entry = element("a", `entry ${match.index}`);
  entry.href = `/v1/entries/${match.index}`;
  const proof = element("a", "its log proof");
  proof.href = `/v1/proofs/${match.index}`;
  item.append(element("span", "→", "mark"), `${how} `, entry, " (", proof, ").");
  if (match.distance !== null) {
    const rate = match.false_match_rate === null ? "" :
      `; unrelated files come as near in about ${match.false_match_rate.toPrecision(1)} of pairs`;
    item.append(element("span", `Distance ${match.distance.toFixed(3)} of 1${rate}.`, "limit"));
  }
  return item;
}

function fill(id, items) {
  $(id).replaceChildren(...items);
}

function show(report, file) {
  const { code, sentence, does_not_show: limit, settles } = report.conclusion;
  const title = element("span", code, `code ${code}`);
  $("conclusion").replaceChildren(`${report.file}: `, title);
  $("sentence").textContent = sentence;
  $("limit").textContent = limit ? `It does not show ${limit}.` : "";
  $("settles").textContent = settles ? `To settle it, ${settles}.` : "";
  const then = report.as_of;
  $("as-of-now").hidden = !then;
  $("as-of-now").textContent = then ?
    [`Now: ${then.now.code}. ${then.now.sentence}`, ...then.because].join(" ") : "";
  for (const [panel, steps] of Object.entries(PANELS)) {
    const shown = (f) => steps.includes(f.step) && !(report.comparison && f.step === "comparison");
    fill(panel, report.findings.filter(shown).map(findingItem)); // a comparison has its own place
  }
  if (!$("origin").childElementCount && !report.matches.length) {
    fill("origin", [element("li", "No signature and no record: nobody answers for it here.", "absent")]);
    $("origin").firstChild.prepend(element("span", MARKS.absent, "mark"));
  }
  // One manifest alone is the claim signature's, which stands above already.
  fill("chain", report.chain.length > 1 ? report.chain.map(linkItem) : []);
  fill("matches", report.matches.map(matchItem));
  showCoverage(report);
  const facts = {
    "SHA-256": report.sha256, "Type, by its bytes": report.media_type,
    "Judged by": Object.entries(report.engine).map((pair) => pair.join(" ")).join(", "),
  };
  fill("facts", Object.entries(facts).flatMap(
    ([name, value]) => [element("dt", name), element("dd", value)]));
  if (download) URL.revokeObjectURL(download);
  download = URL.createObjectURL(
    new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
  $("json").href = download;
  $("report").hidden = false; // before anything is measured
  const player = showPreview(report.media_type || "", file);
  showDetection(report, player);
  showComparison(report, player);
  $("report").focus();
}

// A player or a picture of a local file; nothing where the browser cannot show it.
function shownFile(file, type, address, alternative) {
  const names = { image: "img", video: "video", audio: "audio" };
  const name = names[(type || file.type).split("/")[0]];
  if (!name) return null;
  const made = element(name);
  made.src = address;
  if (name === "img") made.alt = alternative;
  else made.controls = true;
  made.addEventListener("error", () => made.remove());
  return made;
}

function showPreview(type, file) {
  if (preview) URL.revokeObjectURL(preview);
  preview = URL.createObjectURL(file);
  const made = shownFile(file, type, preview, "The file as you gave it");
  fill("preview", made ? [made] : []);
  return made;
}

function fail(text) {
  $("error").textContent = text;
  $("error").hidden = false;
}

function address(file) {
  const asked = new URLSearchParams({ name: file.name });
  for (const name of ["time", "place"]) {
    const claimed = $(`claimed-${name}`).value.trim();
    if (claimed) asked.set(`claimed_${name}`, claimed);
  }
  if ($("as-of").value) asked.set("as_of", $("as-of").value);
  return `/v1/verifications?${asked}`;
}

function verify(file) {
  chosen = file;
  $("again").disabled = false;
  $("error").hidden = true;
  $("report").hidden = true;
  $("progress").hidden = false;
  $("doing").textContent = `Sending ${file.name} …`;
  $("bar").value = 0;
  const request = new XMLHttpRequest(); // fetch cannot tell how much has been sent
  if (current) current.abort();
  current = request;
  request.open("POST", address(file));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    $("bar").value = event.loaded / event.total;
  });
  request.upload.addEventListener("load", () => {
    $("bar").removeAttribute("value");
    $("doing").textContent = `Checking ${file.name} …`;
  });
  request.addEventListener("loadend", () => {
    if (request !== current) return undefined;
    current = null;
    $("progress").hidden = true;
    let answer = null;
    try { answer = JSON.parse(request.responseText); } catch { answer = null; }
    if (request.status === 200 && answer) return show(answer, file);
    if (answer && answer.detail) {
      return fail([answer.detail, answer.remedy].filter(Boolean).join("; "));
    }
    return fail("The service did not answer. Is it still running?");
  });
  request.send(file);
}

$("file").addEventListener("change", () => {
  if ($("file").files.length) verify($("file").files[0]);
});
for (const name of ["dragenter", "dragover"]) {
  window.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
}
window.addEventListener("dragleave", () => $("drop").classList.remove("over"));
window.addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  if (event.dataTransfer.files.length) verify(event.dataTransfer.files[0]);
});
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (chosen) verify(chosen);
});
