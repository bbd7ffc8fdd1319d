"use strict";
(() => {
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const root = document.getElementById("explorer");
  const find = (selector) => root.querySelector(selector);
  const EMPTY = -32768;
  const INKS = ["#c8372d", "#2f77b8", "#d98324", "#2a7f8e", "#8a5aa8", "#6b7280"];

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const unpack = (packed) => {
    if (!packed) return null;
    const view = new DataView(bytes(packed.data).buffer);
    const out = new Float32Array(view.byteLength / 2);
    for (let k = 0; k < out.length; k++) {
      const whole = view.getInt16(2 * k, true);
      out[k] = whole === EMPTY ? NaN : whole * packed.scale;
    }
    return out;
  };
  const { rows, cols, dates, days } = data;
  const velocity = unpack(data.velocity);
  const bits = bytes(data.recommended);
  const recommended = (k) => (bits[k >> 3] >> (k & 7)) & 1;
  const points = {};
  for (const key of ["row", "col", "velocity", "sigma", "coherence", "series"]) points[key] = unpack(data.points[key]);
  const perMap = data.points.unit / data.step;
  const buckets = new Map();
  const SIDE = 8;
  for (let k = 0; k < data.points.n; k++) {
    const key = Math.floor((points.row[k] * perMap) / SIDE) * 4096 + Math.floor((points.col[k] * perMap) / SIDE);
    if (!buckets.has(key)) buckets.set(key, []);
    buckets.get(key).push(k);
  }

  const state = { limit: data.limit, only: false, line: true, chosen: [], base: null, cursor: null };
  const minus = (text) => text.replace("-", "−");
  const signed = (v, digits) => (v > 0 ? "+" : "") + minus(v.toFixed(digits));
  const fixed = (v, digits) => (Number.isFinite(v) ? minus(v.toFixed(digits)) : "–");
  const seriesOf = (k) => points.series.subarray(k * days.length, (k + 1) * days.length);
  const baseVelocity = () => (state.base === null ? 0 : points.velocity[state.base]);
  const relative = (k) => {
    const own = seriesOf(k), base = state.base === null ? null : seriesOf(state.base);
    return Array.from(own, (v, n) => (base ? v - base[n] : v));
  };

  root.classList.toggle("stacked", (data.aspect * rows) / cols < 0.4);
  const map = find(".map > canvas");
  const context = map.getContext("2d");
  const image = document.createElement("canvas");
  image.width = cols; image.height = rows;

  const paint = () => {
    const brush = image.getContext("2d");
    const pixels = brush.createImageData(cols, rows);
    const top = data.colours.length - 1, shift = baseVelocity();
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) {
      const k = r * cols + c, v = velocity[k] - shift, good = recommended(k);
      if (!Number.isFinite(v) || (state.only && !good)) continue;
      const place = Math.round(Math.min(Math.max((v / state.limit + 1) / 2, 0), 1) * top);
      const at = 4 * ((data.flip ? rows - 1 - r : r) * cols + c);
      pixels.data.set(data.colours[place], at);
      pixels.data[at + 3] = good ? 255 : 72;
    }
    brush.putImageData(pixels, 0, 0);
    show();
  };

  const toScreen = (row, col) => [(col / cols) * map.width, ((data.flip ? rows - row : row) / rows) * map.height];

  const show = () => {
    const ratio = window.devicePixelRatio || 1, tall = (data.aspect * rows) / cols;
    const room = map.parentElement.clientWidth, shown = Math.min(room, (1.4 * room) / tall);
    map.style.width = `${shown}px`;
    map.width = Math.round(shown * ratio);
    map.height = Math.round(shown * tall * ratio);
    context.imageSmoothingEnabled = map.width < cols;
    context.drawImage(image, 0, 0, map.width, map.height);
    const ring = (row, col, colour, square) => {
      const [x, y] = toScreen(row, col), size = 6 * ratio;
      for (const [ink, width] of [["#fff", 4 * ratio], [colour, 2 * ratio]]) {
        context.strokeStyle = ink; context.lineWidth = width; context.beginPath();
        if (square) context.rect(x - size, y - size, 2 * size, 2 * size);
        else context.arc(x, y, size, 0, 7);
        context.stroke();
      }
    };
    if (state.base !== null) ring(points.row[state.base] * perMap + 0.5, points.col[state.base] * perMap + 0.5, "#111", true);
    else if (data.reference) ring(data.reference[0], data.reference[1], "#111", true);
    state.chosen.forEach((k, n) => ring(points.row[k] * perMap + 0.5, points.col[k] * perMap + 0.5, INKS[n], false));
    if (state.cursor) {
      const [x, y] = toScreen(state.cursor[0] + 0.5, state.cursor[1] + 0.5);
      context.strokeStyle = "#111"; context.lineWidth = ratio;
      context.beginPath(); context.moveTo(x - 9 * ratio, y); context.lineTo(x + 9 * ratio, y);
      context.moveTo(x, y - 9 * ratio); context.lineTo(x, y + 9 * ratio); context.stroke();
    }
  };

  const position = (row, col) => {
    const n = data.mesh.n - 1, v = (row / rows) * n, u = (col / cols) * n;
    const i = Math.min(Math.floor(v), n - 1), j = Math.min(Math.floor(u), n - 1), a = v - i, b = u - j;
    const mix = (m) => {
      const at = (p, q) => m[p * (n + 1) + q];
      return (1 - a) * ((1 - b) * at(i, j) + b * at(i, j + 1)) + a * ((1 - b) * at(i + 1, j) + b * at(i + 1, j + 1));
    };
    return [mix(data.mesh.longitude), mix(data.mesh.latitude)];
  };
  const written = ([longitude, latitude]) =>
    `${Math.abs(latitude).toFixed(4)}° ${latitude >= 0 ? "N" : "S"}, ${Math.abs(longitude).toFixed(4)}° ${longitude >= 0 ? "E" : "W"}`;

  const nearest = (row, col) => {
    let best = null, least = Infinity;
    const rowBox = Math.floor(row / SIDE), colBox = Math.floor(col / SIDE);
    for (let reach = 1; reach <= 3 && best === null; reach++)
      for (let r = rowBox - reach; r <= rowBox + reach; r++) for (let c = colBox - reach; c <= colBox + reach; c++)
        for (const k of buckets.get(r * 4096 + c) || []) {
          const d = Math.hypot(points.row[k] * perMap - row, points.col[k] * perMap - col);
          if (d < least) { least = d; best = k; }
        }
    return best;
  };

  const describe = (k) => {
    const sigma = points.sigma && state.base === null ? ` ± ${fixed(points.sigma[k], 1)}` : "";
    const coherence = points.coherence ? `, temporal coherence ${fixed(points.coherence[k], 2)}` : "";
    const where = position(points.row[k] * perMap + 0.5 / data.step, points.col[k] * perMap + 0.5 / data.step);
    return `${written(where)}: ${signed(points.velocity[k] - baseVelocity(), 1)}${sigma} mm/yr${coherence}`;
  };

  const read = (row, col) => {
    const k = row * cols + col, v = velocity[k] - baseVelocity(), out = find(".readout");
    const use = Number.isFinite(v) ? (recommended(k) ? "recommended" : "not recommended: see quality_flags") : "";
    out.textContent = Number.isFinite(v)
      ? `${written(position(row + 0.5, col + 0.5))} · ${signed(v, 1)} mm/yr, ${v < 0 ? "away from" : "toward"} the satellite · ${use}`
      : `${written(position(row + 0.5, col + 0.5))} · no value`;
  };

  const NS = "http://www.w3.org/2000/svg";
  const plot = find(".chart > svg");
  const draw = (name, attributes, text) => {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    plot.appendChild(node);
    return node;
  };
  const niceStep = (span, n) => {
    const raw = span / n, power = 10 ** Math.floor(Math.log10(raw));
    return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  };

  const chart = () => {
    plot.replaceChildren();
    const width = plot.clientWidth || 500, height = plot.clientHeight || 350;
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const left = 48, right = 12, top = 22, bottom = 28;
    if (!state.chosen.length) {
      draw("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, data.points.n ? "click the map to draw a series" : "no pixel has a series");
      return;
    }
    const all = state.chosen.flatMap((k) => relative(k)).filter(Number.isFinite);
    let low = Math.min(0, ...all), high = Math.max(0, ...all);
    if (high - low < 4) { const middle = (low + high) / 2; low = middle - 2; high = middle + 2; }
    const margin = 0.06 * (high - low); low -= margin; high += margin;
    const last = days[days.length - 1] || 1;
    const x = (d) => left + ((width - left - right) * d) / last;
    const y = (v) => top + ((height - top - bottom) * (high - v)) / (high - low);
    const step = niceStep(high - low, 6);
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) {
      draw("line", { x1: left, x2: width - right, y1: y(v), y2: y(v), stroke: "var(--rule)", "stroke-width": Math.abs(v) < step / 2 ? 1.6 : 0.8 });
      draw("text", { x: left - 6, y: y(v) + 4, "text-anchor": "end" }, minus(String(Number(v.toFixed(6)))));
    }
    draw("text", { x: 4, y: 13 }, "mm toward the satellite");
    const room = Math.max(Math.floor((width - left - right) / 115), 1);
    for (let n = 0; n <= room; n++) {
      const d = (last * n) / room, when = new Date(Date.parse(dates[0]) + d * 864e5).toISOString().slice(0, 10);
      draw("text", { x: x(d), y: height - 8, "text-anchor": n === room ? "end" : "middle" }, when);
    }
    state.chosen.forEach((k, n) => {
      const series = relative(k), valid = series.map((v, m) => [days[m], v]).filter(([, v]) => Number.isFinite(v));
      if (state.line && valid.length > 1) {
        const rate = (points.velocity[k] - baseVelocity()) / 365.25;
        const mean = (m) => valid.reduce((sum, p) => sum + p[m], 0) / valid.length;
        const start = mean(1) - rate * mean(0);
        draw("line", { x1: x(0), y1: y(start), x2: x(last), y2: y(start + rate * last), stroke: INKS[n], "stroke-width": 1.2, "stroke-dasharray": "5 4", opacity: 0.8 });
      }
      series.forEach((v, m) => {
        if (!Number.isFinite(v)) return;
        const dot = draw("circle", { cx: x(days[m]), cy: y(v), r: 3.6, fill: INKS[n] });
        const title = document.createElementNS(NS, "title");
        title.textContent = `${dates[m]}: ${signed(v, 1)} mm`;
        dot.appendChild(title);
      });
    });
  };

  const list = () => {
    const items = state.chosen.map((k, n) => {
      const item = document.createElement("li"), dot = document.createElement("i");
      dot.style.background = INKS[n];
      item.append(dot, describe(k));
      return item;
    });
    find(".chosen").replaceChildren(...items);
    for (const name of [".refer", ".save", ".clear"]) find(name).disabled = !state.chosen.length;
    find(".unrefer").hidden = state.base === null;
  };
  const refresh = () => { chart(); list(); show(); };
  const scale = () => {
    find(".low").textContent = `−${state.limit} mm/yr (away)`;
    find(".high").textContent = `+${state.limit} mm/yr (toward)`;
  };

  const choose = (row, col, keep) => {
    const k = nearest(row, col);
    if (k === null) return;
    state.chosen = keep ? state.chosen.filter((other) => other !== k).slice(0, INKS.length - 1).concat(k) : [k];
    refresh();
  };
  const under = (event) => {
    const box = map.getBoundingClientRect();
    const down = Math.min(Math.max(Math.floor(((event.clientY - box.top) / box.height) * rows), 0), rows - 1);
    const col = Math.min(Math.max(Math.floor(((event.clientX - box.left) / box.width) * cols), 0), cols - 1);
    return [data.flip ? rows - 1 - down : down, col];
  };
  map.addEventListener("mousemove", (event) => read(...under(event)));
  map.addEventListener("click", (event) => { state.cursor = null; choose(...under(event), event.shiftKey); });
  map.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move && event.key !== "Enter") return;
    event.preventDefault();
    const [row, col] = state.cursor || [rows >> 1, cols >> 1], far = event.shiftKey ? 10 : 1;
    if (!move) { choose(row, col, event.shiftKey); return; }
    const down = data.flip ? -move[0] : move[0];
    state.cursor = [Math.min(Math.max(row + down * far, 0), rows - 1), Math.min(Math.max(col + move[1] * far, 0), cols - 1)];
    read(...state.cursor); show();
  });
  find(".limit").value = state.limit;
  find(".limit").addEventListener("change", (event) => {
    const value = Number(event.target.value);
    if (value > 0) { state.limit = value; scale(); paint(); }
  });
  find(".only").addEventListener("change", (event) => { state.only = event.target.checked; paint(); });
  find(".line").addEventListener("change", (event) => { state.line = event.target.checked; chart(); });
  find(".refer").addEventListener("click", () => { state.base = state.chosen[state.chosen.length - 1]; paint(); refresh(); });
  find(".unrefer").addEventListener("click", () => { state.base = null; paint(); refresh(); });
  find(".clear").addEventListener("click", () => { state.chosen = []; refresh(); });
  find(".save").addEventListener("click", () => {
    const head = ["date", ...state.chosen.map((k, n) => `point_${n + 1}_displacement_toward_satellite_mm`)];
    const lines = state.chosen.map((k, n) => `# point ${n + 1}: ${describe(k)}`);
    if (state.base !== null) lines.push(`# relative to: ${describe(state.base)}`);
    const series = state.chosen.map(relative);
    dates.forEach((d, m) => { if (!m) lines.push(head.join(",")); lines.push([d, ...series.map((s) => (Number.isFinite(s[m]) ? s[m].toFixed(2) : ""))].join(",")); });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = "series.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  const bar = find(".bar").getContext("2d");
  data.colours.forEach((c, n) => { bar.fillStyle = `rgb(${c})`; bar.fillRect(n, 0, 1, 1); });
  window.addEventListener("resize", () => { show(); chart(); });
  scale(); paint();
  if (data.points.n) {
    let most = 0, k = 0;
    for (let n = 0; n < data.points.n; n++) {
      const at = Math.floor(points.row[n] * perMap) * cols + Math.floor(points.col[n] * perMap);
      if (recommended(at) && Math.abs(points.velocity[n]) > most) { most = Math.abs(points.velocity[n]); k = n; }
    }
    state.chosen = [k];
  }
  refresh();
})();
