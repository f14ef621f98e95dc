"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const paths = new Map(Object.entries(data.marks.types).map(([kind, mark]) => [kind, new Path2D(mark.path)]));
  const said = document.getElementById("said");
  const tables = {
    things: document.querySelector("#things tbody"),
    links: document.querySelector("#links tbody"),
  };
  const things = [...tables.things.rows];
  const links = [...tables.links.rows];

  // Which cells of the plane are taken in this picture, by things and by names: a name that would cover one of them
  // waits until there is more room.
  const taken = new Set();
  let cell = 12;
  let measured = false;

  function within(left, top, right, bottom) {
    const cells = [];
    for (let across = Math.floor(left / cell); across <= Math.floor(right / cell); across += 1) {
      for (let down = Math.floor(top / cell); down <= Math.floor(bottom / cell); down += 1) {
        cells.push(across * 1048576 + down);
      }
    }
    return cells;
  }

  // Shape, ring, glyph and name of a thing.
  function drawn({ ctx, x, y, state, node }) {
    const mark = data.marks.types[node.kind];
    const path = paths.get(node.kind);
    const scale = Math.abs(ctx.getTransform().a) / window.devicePixelRatio;
    const along = (radius, width, colour, dash = []) => {
      ctx.save();
      ctx.translate(x, y);
      ctx.scale(radius, radius);
      ctx.setLineDash(dash.map((length) => length / radius));
      ctx.lineWidth = width / radius;
      ctx.strokeStyle = colour;
      ctx.stroke(path);
      ctx.restore();
    };
    const size = node.size;
    const text = (words, at, down, font, colour, align) => {
      ctx.font = font;
      ctx.textAlign = align;
      ctx.textBaseline = "middle";
      ctx.lineJoin = "round";
      ctx.lineWidth = 3;
      ctx.strokeStyle = "#ffffff";
      ctx.strokeText(words, at, down);
      ctx.fillStyle = colour;
      ctx.fillText(words, at, down);
    };
    const nodeDimensions = { width: 2 * size + 12, height: 2 * size + 12 };
    if (!measured) return { drawNode() {}, nodeDimensions };
    return {
      drawNode() {
        if (state.selected) along(size + 11, 6, "#56b4e9");
        if (node.listed) along(size + 8, 2, data.marks.outline);
        along(size + 3, 6, data.marks.outline);
        along(size + 3, 4, node.step ? data.marks.steps[node.step - 1] : "#ffffff");
        if (!node.step) along(size + 3, 4, "#555555", [2, 2]);
        ctx.save();
        ctx.translate(x, y);
        ctx.scale(size, size);
        ctx.fillStyle = mark.hue;
        ctx.fill(path);
        ctx.restore();
        if (node.assessed) {
          along(size, 3, "#ffffff");
          along(size, 2, data.marks.outline, [6, 4]);
        } else {
          along(size, 1, data.marks.outline);
        }
        if (scale * size > 4) {
          ctx.font = `700 ${Math.round(size * 1.1)}px system-ui, sans-serif`;
          ctx.textAlign = "center";
          ctx.textBaseline = "middle";
          ctx.fillStyle = mark.ink;
          ctx.fillText(mark.glyph, x, y + size * 0.07);
        }
        if (node.step && scale > 0.35) {
          text(String(node.step), x + size + 9, y - size - 2, "700 12px system-ui, sans-serif", "#1a1a1a", "left");
        }
      },
      drawExternalLabel() {
        const height = 12 / Math.min(scale, 1);
        const font = `${height}px system-ui, sans-serif`;
        ctx.font = font;
        const half = ctx.measureText(node.label).width / 2;
        const top = y + size * 1.3 + 6;
        const cells = within(x - half, top + 2, x + half, top + height);
        if (state.selected || state.hover || cells.every((cell) => !taken.has(cell))) {
          for (const cell of cells) taken.add(cell);
          text(node.label, x, top + height / 2, font, "#1a1a1a", "center");
        }
      },
      nodeDimensions,
    };
  }

  // What is said where somebody points at a thing or a link: some cells of its row, as text.
  function tooltip(row, ...columns) {
    const box = document.createElement("div");
    const lines = columns.map((column) => row.cells[column].textContent.trim()).filter(Boolean);
    box.textContent = lines.map((line) => (line.length > 200 ? `${line.slice(0, 199)}…` : line)).join("\n");
    return box;
  }

  const told = (at) => `${links[at].cells[0].textContent}, ${links[at].cells[1].textContent}, ${links[at].cells[2].textContent}`;

  // The riskiest and the most linked come first, so their names do.
  const ordered = [...data.nodes].sort((one, other) => other.step - one.step || other.size - one.size || one.id - other.id);
  const nodes = new vis.DataSet(ordered.map((node) => ({
    ...node,
    label: undefined, // written here, below the thing; vis-network would make room for it beside the thing
    title: tooltip(things[node.id], 0, 1, 2, 3),
    ctxRenderer: ({ ctx, x, y, state }) => drawn({ ctx, x, y, state, node }),
  })));
  const edges = new vis.DataSet(data.edges.map((edge, at) => ({ ...edge, id: `link ${at}`, title: tooltip(links[at], 0, 1, 2) })));
  const picture = document.getElementById("picture");
  const network = new vis.Network(picture, { nodes, edges }, data.options);
  network.on("beforeDrawing", () => {
    taken.clear();
    cell = 12 / Math.min(network.getScale(), 1);
    for (const [id, { x, y }] of Object.entries(network.getPositions())) {
      const size = data.nodes[id].size;
      for (const each of within(x - size, y - size, x + size, y + size)) taken.add(each);
    }
  });
  const number = (id) => Number(String(id).replace("link ", ""));

  // One selection in picture and tables.
  function mark(chosenThings, chosenLinks) {
    for (const row of document.querySelectorAll("tr.chosen")) {
      row.classList.remove("chosen");
      row.removeAttribute("aria-current");
    }
    const chosen = [...chosenThings.map((at) => things[at]), ...chosenLinks.map((at) => links[at])];
    for (const row of chosen) {
      row.classList.add("chosen");
      row.setAttribute("aria-current", "true");
    }
    return chosen;
  }

  function choose(chosenThings, chosenLinks = []) {
    network.setSelection(
      { nodes: chosenThings, edges: chosenLinks.map((at) => `link ${at}`) },
      { highlightEdges: false },
    );
    return mark(chosenThings, chosenLinks);
  }

  function look(chosenThings) {
    if (chosenThings.length === 1) network.focus(chosenThings[0], { scale: Math.max(network.getScale(), 1) });
    else if (chosenThings.length) network.fit({ nodes: chosenThings, maxZoomLevel: 1 });
  }

  function count(howMany, all, one, more) {
    const format = (value) => value.toLocaleString("en");
    return `${format(howMany)} of ${format(all)} ${all === 1 ? one : more}`;
  }

  function scrollTo(row) {
    const box = row.closest(".table");
    box.scrollTop = row.offsetTop - box.clientHeight / 3;
  }

  network.on("select", () => {
    const chosen = mark(network.getSelectedNodes(), network.getSelectedEdges().map(number));
    for (const body of Object.values(tables)) {
      const row = chosen.find((each) => each.parentElement === body);
      if (row) scrollTo(row);
    }
  });

  things.forEach((row, at) => row.querySelector(".pick").addEventListener("click", () => {
    choose([at]);
    look([at]);
    said.textContent = `Selected: ${data.nodes[at].label}`;
  }));
  links.forEach((row, at) => row.querySelector(".pick").addEventListener("click", () => {
    choose([], [at]);
    look([...new Set([data.edges[at].from, data.edges[at].to])]);
    said.textContent = `Selected: ${told(at)}`;
  }));

  for (const button of document.querySelectorAll(".kind")) {
    button.addEventListener("click", () => {
      const chosen = data.nodes.filter((node) => node.kind === button.dataset.kind).map((node) => node.id);
      choose(chosen);
      said.textContent = `Selected: ${count(chosen.length, things.length, "thing", "things")}`;
    });
  }

  // Search: what each row says, without accents and case.
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  let texts = null;
  let found = [];
  let next = 0;

  function search(words) {
    texts ??= things.map((row) => folded(row.textContent));
    const wanted = folded(words).split(/\s+/).filter(Boolean);
    found = wanted.length ? [...texts.keys()].filter((at) => wanted.every((word) => texts[at].includes(word))) : [];
    next = 0;
    choose(found);
    said.textContent = wanted.length ? `Found: ${count(found.length, things.length, "thing", "things")}` : "";
    if (found.length) scrollTo(things[found[0]]);
  }

  const field = document.getElementById("text");
  field.addEventListener("input", () => search(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      field.value = "";
      search("");
    }
  });
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!found.length) return;
    const at = found[next % found.length];
    next += 1;
    choose([at]);
    look([at]);
    scrollTo(things[at]);
    said.textContent = `${count(((next - 1) % found.length) + 1, found.length, "found", "found")}: ${data.nodes[at].label}`;
  });

  // Tables: a column is sorted by its numbers where it has them; what is blank comes last either way.
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  for (const table of document.querySelectorAll("table")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const keyed = rows.map((row) => [row.cells[column].textContent.trim(), row]);
      const numbers = row => row.cells[column].classList.contains("number");
      const blank = ([key, row]) => key === "" || (numbers(row) && Number.isNaN(Number(key)));
      keyed.sort((one, other) => {
        if (blank(one) || blank(other)) return blank(one) - blank(other);
        const order = numbers(one[1]) ? Number(one[0]) - Number(other[0]) : collator.compare(one[0], other[0]);
        return falling ? -order : order;
      });
      body.append(...keyed.map(([, row]) => row));
    }));
  }

  const zoom = (by) => network.moveTo({ scale: network.getScale() * by });
  document.getElementById("nearer").addEventListener("click", () => zoom(1.4));
  document.getElementById("farther").addEventListener("click", () => zoom(1 / 1.4));
  document.getElementById("whole").addEventListener("click", () => network.fit());
  document.getElementById("clear").addEventListener("click", () => {
    field.value = "";
    search("");
  });
  const move = (across, down) => {
    const { x, y } = network.getViewPosition();
    network.moveTo({ position: { x: x + across / network.getScale(), y: y + down / network.getScale() } });
  };
  const keys = {
    ArrowLeft: () => move(-60, 0),
    ArrowRight: () => move(60, 0),
    ArrowUp: () => move(0, -60),
    ArrowDown: () => move(0, 60),
    "+": () => zoom(1.4),
    "-": () => zoom(1 / 1.4),
    0: () => network.fit(),
  };
  picture.addEventListener("keydown", (event) => {
    if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  picture.firstElementChild.tabIndex = -1;

  // Rows that are out of sight are laid out while nothing else is to be done: a program that reads the page to somebody
  // finds the cells of no others.
  const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const rows = [...things, ...links];
  function layOut(from) {
    for (const row of rows.slice(from, from + 100)) row.classList.add("ready");
    if (from + 100 < rows.length) idle(() => layOut(from + 100));
  }

  // Only what has gone through a drawing has a size, by which all of it can be brought into sight.
  network.once("afterDrawing", () => {
    measured = true;
    network.fit();
    network.once("afterDrawing", () => {
      picture.setAttribute("data-drawn", "");
      idle(() => layOut(0));
    });
  });
})();
