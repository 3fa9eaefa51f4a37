/** A tiny drawing of the last minute: a line over a tinted ground. */

const DRAWN = "http://www.w3.org/2000/svg";
const WIDTH = 72;
const HEIGHT = 22;
const LEAST = 5; // messages per second that fill the height at least: noise of one or two stays low

/** @returns {{element: SVGElement, update: (rates: number[]) => void}} */
export function spark() {
  const drawing = draw("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const ground = draw("polygon", { class: "spark-ground" });
  const line = draw("polyline", { class: "spark-line" });
  drawing.append(ground, line);
  return {
    element: drawing,
    update(rates) {
      const peak = Math.max(LEAST, ...rates);
      const step = WIDTH / Math.max(rates.length - 1, 1);
      const height = (rate) => HEIGHT - 2 - (rate / peak) * (HEIGHT - 4);
      const points = rates.map((rate, second) => `${(second * step).toFixed(1)},${height(rate).toFixed(1)}`).join(" ");
      if (line.getAttribute("points") === points) return;
      line.setAttribute("points", points);
      ground.setAttribute("points", `0,${HEIGHT} ${points} ${WIDTH},${HEIGHT}`);
    },
  };
}

function draw(tag, attributes) {
  const element = document.createElementNS(DRAWN, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
