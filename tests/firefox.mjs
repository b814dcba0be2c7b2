// Opens each tab in Firefox and makes its main gesture: node tests/firefox.mjs PUPPETEER FIREFOX URL [resist]
// Prints a line for each gesture that changed what it should, and ends with 1 at the first that did not.
const [puppeteer, executablePath, url, resist] = process.argv.slice(2);
const { launch } = await import(puppeteer);
const browser = await launch({
  browser: "firefox",
  executablePath,
  headless: true,
  // What Tor's browser and LibreWolf switch on: canvases read back as noise.
  extraPrefsFirefox: resist ? { "privacy.resistFingerprinting": true } : {},
});
const page = await browser.newPage();
page.setDefaultTimeout(120_000);
await page.setViewport({ width: 1280, height: 800 });
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));

const text = (selector) => page.$eval(selector, (element) => element.textContent);
const says = (selector, word) =>
  page.waitForFunction((s, w) => document.querySelector(s)?.textContent.includes(w), {}, selector, word);
const changed = (selector, before) =>
  page.waitForFunction((s, b) => document.querySelector(s)?.textContent !== b, {}, selector, before);

async function type(selector, value) {
  await page.waitForSelector(selector);
  await page.$eval(selector, (input, v) => {
    input.value = v;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.blur();
  }, value);
}

async function middle(selector, right = 0.5, down = 0.5) {
  const box = await (await page.waitForSelector(selector)).boundingBox();
  return [box.x + right * box.width, box.y + down * box.height];
}

const gestures = {
  async "quiz-play"() {
    await page.waitForSelector(".canvas-quiz .go:not([disabled])");
    await page.keyboard.press("1");
    await page.waitForSelector(".canvas-quiz .face[aria-pressed=true]");
    await page.click(".canvas-quiz .go");
    await page.waitForSelector(".canvas-quiz .verdict-chip:not([hidden])");
  },
  async "autoregressive-play"() {
    const tip = "#pixel-player .tip";
    await says(tip, "nats");
    const before = await text(tip);
    await type("#autoregressive-seed input[type=number]", "12");
    await changed(tip, before);
  },
  async "vae-latent_map"() {
    const tip = "#latent-map .tip";
    await says(tip, "nearest");
    const before = await text(tip);
    await page.mouse.click(...(await middle("#latent-map .map", 0.7, 0.3)));
    await changed(tip, before);
  },
  async "gan-theorem"() {
    const before = await text("#theorem [data-value=V]");
    const [x, y] = await middle("#theorem .densities", 0.68);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 100, y, { steps: 4 });
    await page.mouse.up();
    await changed("#theorem [data-value=V]", before);
  },
  async "gan-loss"() {
    const before = await text("#loss [data-value=ratio]");
    await page.mouse.click(...(await middle("#loss .losses", 0.8)));
    await changed("#loss [data-value=ratio]", before);
  },
  async "gan-oscillation"() {
    await page.click("#oscillation .reset");
    await says("#oscillation .made", "after 0 steps");
    await page.click("#oscillation .step");
    await says("#oscillation .made", "after 1 step");
  },
  async "stylegan-mixing"() {
    await page.waitForSelector(".matrix button[data-at='1,2']");
    await page.click(".matrix button[data-at='1,2']");
    await page.waitForSelector("[data-step].done");
  },
  async "diffusion-denoise"() {
    const tip = "#denoiser .tip";
    await says(tip, "done");
    await page.$eval("#denoiser .scrub", (input) => {
      input.value = 3;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await page.waitForFunction((s) => !document.querySelector(s).textContent.includes("done"), {}, tip);
  },
  async "flow-shape"() {
    const before = await text("#shape [data-value=error]");
    await type("#flow-steps input[type=number]", "20");
    await changed("#shape [data-value=error]", before);
  },
};

for (const [name, gesture] of Object.entries(gestures)) {
  const [tab, view] = name.split("-");
  await page.goto(`${url}/?tab=${tab}&view=${view}`);
  await page.waitForSelector(`gradio-app[data-view=${name}][data-ready]`);
  await gesture();
  if (errors.length) throw new Error(`${name}: ${errors}`);
  console.log(name);
}
await browser.close();
