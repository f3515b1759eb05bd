// What a page of a report does where scripts run: switches for groups, and Plotly's pictures for the still ones.
"use strict";
(() => {
  const find = (selector, within = document) => [...within.querySelectorAll(selector)];
  const texts = document.getElementById("pictures");
  const pictures = texts ? JSON.parse(texts.textContent) : {};
  const hidden = {place: new Set(), what: new Set(), tag: new Set()};
  const live = new Map();  // element -> its picture
  const memory = "gradus hidden " + document.title;

  document.documentElement.classList.add("scripted");

  // --- what is hidden

  // A run goes where all of its tags are hidden, one without a tag by the switch of those; a group, where all its runs go.
  const goes = (tags) => (tags.length ? tags : [""]).every((tag) => hidden.tag.has(tag));
  const groups = new Map(find("input[data-tags]").map((box) => [box.dataset.place, JSON.parse(box.dataset.tags)]));
  const untagged = [[]];
  const isAway = (place) => hidden.tag.size > 0 && (groups.get(place) || untagged).every(goes);
  let away = new Set();  // places of groups that went with their tags

  const shows = (trace) => !hidden.place.has(String(trace.place)) && !hidden.what.has(trace.what)
    && !away.has(String(trace.place)) && !(trace.tags && goes(trace.tags));

  const apply = () => {
    away = new Set(places.filter(isAway));
    const rules = [...hidden.place, ...away].map((place) => `[data-group="${place}"]`);
    rules.push(...[...hidden.what].map((what) => `[data-what="${what}"]`));
    const style = rules.length ? `.still :is(${rules.join()}) { display: none; }` : "";
    document.getElementById("hidden").textContent = style;
    for (const box of find("input[data-place]")) {
      box.checked = !hidden.place.has(box.dataset.place);
      box.closest("label").classList.toggle("away", away.has(box.dataset.place));
    }
    for (const box of find("input[data-tag]")) box.checked = !hidden.tag.has(box.dataset.tag);
    for (const box of find("input[data-kind]")) box.checked = !hidden.what.has(box.dataset.kind);
    for (const [element, picture] of live) {
      const visible = picture.data.map(shows);
      window.Plotly.restyle(element, {visible}, visible.map((_, i) => i));
    }
    try {
      sessionStorage.setItem(memory, JSON.stringify([[...hidden.place], [...hidden.what], [...hidden.tag]]));
    } catch {
      // Where nothing is kept, a page that is loaded again shows all.
    }
  };

  const switched = (set, name, on) => {
    if (on) set.delete(name);
    else set.add(name);
    apply();
  };

  const places = find("input[data-place]").map((box) => box.dataset.place);
  for (const box of find("input[data-place]")) {
    box.addEventListener("change", () => switched(hidden.place, box.dataset.place, box.checked));
    box.closest("label").addEventListener("dblclick", (event) => {
      event.preventDefault();
      hidden.place = new Set(places.filter((place) => place !== box.dataset.place));
      apply();
    });
  }
  for (const box of find("input[data-kind]"))
    box.addEventListener("change", () => switched(hidden.what, box.dataset.kind, box.checked));
  for (const box of find("input[data-tag]"))
    box.addEventListener("change", () => switched(hidden.tag, box.dataset.tag, box.checked));
  for (const button of find("button[data-all]"))
    button.addEventListener("click", () => {
      hidden.place = new Set(button.dataset.all === "show" ? [] : places);
      apply();
    });
  try {
    const [place, what, tag = []] = JSON.parse(sessionStorage.getItem(memory)) || [[], []];
    hidden.place = new Set(place.filter((name) => places.includes(name)));
    hidden.what = new Set(what);
    hidden.tag = new Set(tag.filter((name) => find("input[data-tag]").some((box) => box.dataset.tag === name)));
  } catch {
    // As above.
  }
  if (hidden.place.size || hidden.what.size || hidden.tag.size) apply();

  // --- pictures to hover over

  const unpack = async (name) => {
    const packed = atob(document.getElementById(name).textContent.trim());
    const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  };

  let loading = null;  // of Plotly and of the numbers
  const load = () => loading ??= (async () => {
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(await unpack("library"));
    document.head.append(script);
    return unpack("numbers");
  })();

  // Arrays in the place of what refers to them.
  const resolved = (value, block) => {
    if (Array.isArray(value)) return value.map((part) => resolved(part, block));
    if (value === null || typeof value !== "object") return value;
    if (value.numbers) {
      const [offset, count, bytes] = value.numbers;
      return bytes === 4 ? new Float32Array(block, offset, count) : new Float64Array(block, offset, count);
    }
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, resolved(part, block)]));
  };

  const trace = (description, block) => {
    const {extra, place, what, tags, ...rest} = resolved(description, block);
    if (extra?.length) rest.customdata = Array.from(rest.x, (_, i) => extra.map((numbers) => numbers[i]));
    return {type: "scatter", showlegend: false, visible: shows({place, what, tags}), ...rest};
  };

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(name).trim();
    return {ink: of("--ink"), soft: of("--soft"), line: of("--line"), card: of("--card")};
  };

  // Texts of cells too narrow for them are left to the hovering.
  const annotations = (picture, element) => {
    const given = picture.layout.annotations || [];
    const columns = picture.data[0]?.type === "heatmap" ? picture.layout.xaxis.tickvals.length : 0;
    return columns && element.clientWidth / columns < 56 ? [] : given;
  };

  const layout = (picture, element) => {
    const {ink, soft, line, card} = colours();
    const axis = {gridcolor: line, linecolor: soft, zerolinecolor: line, tickcolor: soft, automargin: true,
                  exponentformat: "power"};
    const given = picture.layout;
    return {
      margin: {l: 54, r: 12, t: 8, b: 44}, paper_bgcolor: "transparent",
      plot_bgcolor: "transparent", font: {family: getComputedStyle(document.body).fontFamily, size: 12, color: ink},
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      hoverlabel: {bgcolor: card, font: {color: ink, size: 11}},
      modebar: {bgcolor: "transparent", color: soft, activecolor: ink}, ...given, height: picture.height,
      annotations: annotations(picture, element), xaxis: {...axis, ...given.xaxis}, yaxis: {...axis, ...given.yaxis}};
  };

  const show = async (figure) => {
    const picture = pictures[figure.dataset.panel];
    const element = figure.querySelector(".live");
    try {
      const block = await load();
      const still = figure.querySelector(".still").getBoundingClientRect();
      picture.height = Math.max(picture.layout.height || 220, Math.round(still.height));
      figure.classList.add("alive");
      const traces = picture.data.map((one) => trace(one, block));
      await window.Plotly.newPlot(element, traces, layout(picture, element), {
        responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"],
        displayModeBar: matchMedia("(hover: hover)").matches ? "hover" : false});
      live.set(element, picture);
      figure.dataset.drawn = picture.data.length;
    } catch (error) {
      figure.classList.remove("alive");
      console.error(`${figure.dataset.panel}: ${error}`);
    }
  };

  let queue = Promise.resolve();  // one after the other, so that the page stays at hand
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      queue = queue.then(() => show(entry.target));
    }
  }, {rootMargin: "600px"});
  for (const figure of find("figure[data-panel]")) if (pictures[figure.dataset.panel]) observer.observe(figure);

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const [element, picture] of live) window.Plotly.relayout(element, layout(picture, element));
  });

  // --- a page of a sweep at work

  const seconds = Number(document.documentElement.dataset.reload);
  if (seconds) setTimeout(() => location.reload(), 1000 * seconds);
})();
