// data-union-sign on a file input: a canvas to sign on with finger, pen or mouse. What is drawn becomes the
// input's file when the form is sent. Without this script the input takes a picture of a signature.
// data-union-photo on a file input: shows the chosen picture before it is sent.

const RATIO = 2;
const INK = "#1a1a1a";

function pad(input) {
  const words = input.form.dataset;
  const holder = document.createElement("div");
  holder.className = "up-sign";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words.signHere);
  const clear = document.createElement("button");
  clear.type = "button";
  clear.className = "btn";
  clear.textContent = words.signAgain;
  const hint = document.createElement("p");
  hint.className = "form-hint";
  hint.textContent = words.signHere;
  holder.append(hint, canvas, clear);
  input.before(holder);
  return { canvas, clear };
}

function draw(canvas) {
  const brush = canvas.getContext("2d");
  let last = null;
  let inked = false;
  const reset = () => {
    canvas.width = canvas.clientWidth * RATIO;
    canvas.height = canvas.clientHeight * RATIO;
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(brush, { strokeStyle: INK, lineWidth: 2.5 * RATIO, lineCap: "round", lineJoin: "round" });
    inked = false;
  };
  const at = (event) => [event.offsetX * RATIO, event.offsetY * RATIO];
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = at(event);
    brush.beginPath();
    brush.moveTo(...last);
    brush.lineTo(...here);
    brush.stroke();
    last = here;
    inked = true;
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { last = null; });
  reset();
  return { reset, isInked: () => inked };
}

function sign(input) {
  const { canvas, clear } = pad(input);
  const drawing = draw(canvas);
  clear.addEventListener("click", drawing.reset);
  input.addEventListener("change", drawing.reset);
  let ready = false;
  input.form.addEventListener("submit", (event) => {
    if (ready || !drawing.isInked()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const pressed = event.submitter;
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "signature.png", { type: "image/png" }));
      input.files = files.files;
      ready = true;
      input.form.requestSubmit(pressed);
    }, "image/png");
  }, { capture: true });
}

function preview(input) {
  const picture = document.createElement("img");
  picture.className = "up-photo";
  picture.alt = "";
  picture.hidden = true;
  input.before(picture);
  input.addEventListener("change", () => {
    const [file] = input.files;
    picture.hidden = !file;
    if (!file) return;
    const reader = new FileReader();
    reader.addEventListener("load", () => { picture.src = reader.result; });
    reader.readAsDataURL(file);
  });
}

for (const input of document.querySelectorAll("[data-union-sign]")) sign(input);
for (const input of document.querySelectorAll("[data-union-photo]")) preview(input);
