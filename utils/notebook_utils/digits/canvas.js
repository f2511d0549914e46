// A canvas whose strokes are kept in the kernel: points (x, y) from 0 to 1.

function render({ model, el }) {
  const side = model.get("side");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Canvas: draw a digit with a mouse, pen or finger");
  // Without this a finger would scroll the page instead of drawing.
  canvas.style.cssText = "border: 1px solid grey; cursor: crosshair; touch-action: none";
  const clear = document.createElement("button");
  clear.textContent = "Clear";
  clear.style.cssText = "display: block; margin-top: 4px";
  el.append(canvas, clear);

  const context = canvas.getContext("2d");
  let strokes = [];
  let current = null;

  function redraw() {
    context.fillStyle = "black";
    context.fillRect(0, 0, side, side);
    context.strokeStyle = "white";
    context.lineWidth = model.get("pen");
    context.lineCap = context.lineJoin = "round";
    for (const stroke of strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * side, stroke[0][1] * side);
      // A line without length would not be drawn, and a single point is to be a dot.
      for (const [x, y] of stroke) context.lineTo(x * side + 0.01, y * side);
      context.stroke();
    }
  }

  function fromKernel() {
    if (current) return; // a person is drawing
    strokes = model.get("strokes").filter((stroke) => stroke.length > 0);
    redraw();
  }

  function toKernel() {
    model.set("touched", true);
    model.set("strokes", strokes);
    model.save_changes();
  }

  function point(event) {
    const box = canvas.getBoundingClientRect();
    const place = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return place.map((value) => Math.round(Math.min(Math.max(value, 0), 1) * 1000) / 1000);
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!model.get("touched")) strokes = [];
    canvas.setPointerCapture(event.pointerId);
    current = [point(event)];
    strokes = [...strokes, current];
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!current) return;
    current.push(point(event));
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (!current) return;
      current = null;
      toKernel();
    });
  }
  clear.addEventListener("click", () => {
    strokes = [];
    redraw();
    toKernel();
  });
  model.on("change:strokes", fromKernel);
  fromKernel();
  return () => model.off("change:strokes", fromKernel);
}

export default { render };
