// data-union-near="#list": sorts the list's articles (data-lat, data-lng, WGS-84) by distance.
// The position is used in this page and goes nowhere else.

const RADIUS = 6371008.8;
const radians = (degrees) => (degrees * Math.PI) / 180;

function metres(here, lat, lng) {
  const half = Math.sin(radians(lat - here.latitude) / 2) ** 2
    + Math.cos(radians(here.latitude)) * Math.cos(radians(lat)) * Math.sin(radians(lng - here.longitude) / 2) ** 2;
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(half)));
}

function words(distance, holder) {
  if (distance < 995) return holder.dataset.metre.replace("{n}", String(Math.max(10, Math.round(distance / 10) * 10)));
  return holder.dataset.km.replace("{n}", (distance / 1000).toFixed(distance < 99500 ? 1 : 0));
}

function sort(list, here, holder) {
  const rows = [...list.querySelectorAll("article[data-lat]")]
    .map((row) => [metres(here, Number(row.dataset.lat), Number(row.dataset.lng)), row])
    .sort((one, other) => one[0] - other[0]);
  for (const [distance, row] of rows) {
    row.querySelector("[data-distance]").textContent = words(distance, holder);
    list.append(row);
  }
  for (const group of list.querySelectorAll("[data-group]")) group.remove();
  const heading = document.createElement("h2");
  heading.className = "st-area";
  heading.textContent = holder.dataset.heading;
  list.prepend(heading);
}

for (const holder of document.querySelectorAll("[data-union-near]")) {
  const list = document.querySelector(holder.dataset.unionNear);
  if (!navigator.geolocation || !list || !list.querySelector("article[data-lat]")) continue;
  holder.hidden = false;
  const [button, note] = [holder.querySelector("button"), holder.querySelector("[role=status]")];
  button.addEventListener("click", () => {
    button.disabled = true;
    navigator.geolocation.getCurrentPosition((found) => {
      sort(list, found.coords, holder);
      button.hidden = true;
      note.textContent = holder.dataset.done;
    }, () => {
      button.disabled = false;
      note.textContent = holder.dataset.failed;
    }, { maximumAge: 60000, timeout: 15000 });
  });
}
