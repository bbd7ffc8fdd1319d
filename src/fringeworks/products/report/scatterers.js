"use strict";
(() => {
  const data = JSON.parse(document.getElementById("matrix-data").textContent);
  const root = document.getElementById("matrices");
  const svg = root.querySelector("svg"), readout = root.querySelector(".readout");
  const canvas = root.querySelector("canvas.matrix"), brush = canvas.getContext("2d");
  const NS = "http://www.w3.org/2000/svg", n = data.dates.length;
  const xs = data.cells.map((c) => c.x), ys = data.cells.map((c) => c.y);
  const low = (v) => Math.min(...v), span = (v) => Math.max(Math.max(...v) - Math.min(...v), 1e-9);
  const colour = (t) => {
    const stops = [[13, 8, 60], [86, 15, 110], [187, 55, 84], [249, 142, 9], [252, 255, 164]];
    const at = Math.min(Math.max(t, 0), 1) * (stops.length - 1), k = Math.min(Math.floor(at), stops.length - 2);
    return stops[k].map((v, i) => Math.round(v + (stops[k + 1][i] - v) * (at - k)));
  };
  const written = (c) =>
    `${Math.abs(c.latitude).toFixed(4)}° ${c.latitude >= 0 ? "N" : "S"}, ${Math.abs(c.longitude).toFixed(4)}° ${c.longitude >= 0 ? "E" : "W"}`;
  let chosen = 0, values = null;

  const side = 300, tall = Math.min(Math.max((side * span(ys)) / span(xs), 120), 420), pad = 14;
  svg.setAttribute("viewBox", `0 0 ${side + 2 * pad} ${tall + 2 * pad}`);
  const dots = data.cells.map((cell, k) => {
    const dot = document.createElementNS(NS, "circle");
    dot.setAttribute("cx", pad + ((cell.x - low(xs)) / span(xs)) * side);
    dot.setAttribute("cy", pad + tall - ((cell.y - low(ys)) / span(ys)) * tall);
    dot.setAttribute("r", 7);
    dot.setAttribute("fill", `rgb(${colour(cell.mean)})`);
    dot.style.cursor = "pointer";
    const title = document.createElementNS(NS, "title");
    title.textContent = `${written(cell)}: mean coherence ${cell.mean.toFixed(2)}`;
    dot.appendChild(title);
    dot.addEventListener("click", () => choose(k));
    svg.appendChild(dot);
    return dot;
  });

  const draw = () => {
    const ratio = window.devicePixelRatio || 1, room = Math.min(canvas.parentElement.clientWidth, 460);
    canvas.style.width = canvas.style.height = `${room}px`;
    canvas.width = canvas.height = Math.round(room * ratio);
    const step = canvas.width / n;
    for (let r = 0; r < n; r++) for (let c = 0; c < n; c++) {
      brush.fillStyle = `rgb(${colour(values[r * n + c] / 255)})`;
      brush.fillRect(Math.floor(c * step), Math.floor(r * step), Math.ceil(step), Math.ceil(step));
    }
  };
  const choose = (k) => {
    dots[chosen].removeAttribute("stroke");
    chosen = k;
    dots[k].setAttribute("stroke", "currentColor");
    dots[k].setAttribute("stroke-width", 3);
    values = Uint8Array.from(atob(data.cells[k].data), (ch) => ch.charCodeAt(0));
    readout.textContent = `${written(data.cells[k])}: mean coherence ${data.cells[k].mean.toFixed(2)}`;
    draw();
  };
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const place = (v, size) => Math.min(Math.max(Math.floor((v / size) * n), 0), n - 1);
    const r = place(event.clientY - box.top, box.height), c = place(event.clientX - box.left, box.width);
    readout.textContent = `${data.dates[r]} and ${data.dates[c]}: coherence ${(values[r * n + c] / 255).toFixed(2)}`;
  });
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    choose((chosen + move + dots.length) % dots.length);
  });
  window.addEventListener("resize", draw);
  const bar = root.querySelector(".bar").getContext("2d");
  for (let k = 0; k < 129; k++) { bar.fillStyle = `rgb(${colour(k / 128)})`; bar.fillRect(k, 0, 1, 1); }
  let best = 0;
  data.cells.forEach((cell, k) => { if (cell.mean > data.cells[best].mean) best = k; });
  choose(best);
})();
